const response = await fetch(process.argv[2]);
console.log(response.status, await response.text());
process.exitCode = response.ok ? 0 : 1;
