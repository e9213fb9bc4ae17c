/**
 * Gets an address with Deno's own `fetch`, as a child of `authsome run`.
 *
 * @module
 */
const response = await fetch(Deno.args[0]!);
// deno-lint-ignore no-console -- a program as people write it
console.log(response.status, await response.text());
if (!response.ok) Deno.exit(1);
