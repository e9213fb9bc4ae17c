import http from "node:http";

const [port, count, secret] = process.argv.slice(2);

function ask(agent, path) {
  return new Promise((resolve) => {
    const headers = { "proxy-authorization": secret, host: "plain.test" };
    const request = http.get({ host: "127.0.0.1", port, agent, path, headers }, (answer) => {
      const pieces = [];
      answer.on("error", () => resolve(null));
      answer.on("data", (piece) => pieces.push(piece));
      answer.on("close", () => {
        const body = Buffer.concat(pieces).toString("base64");
        resolve(answer.complete ? { status: answer.statusCode, body } : null);
      });
    });
    request.on("error", () => resolve(null));
    request.on("upgrade", (_answer, socket) => {
      socket.destroy();
      resolve(null);
    });
  });
}

for (let number = 0; number < Number(count); number++) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const first = await ask(agent, `http://plain.test/${number}`);
  const next = await ask(agent, `http://plain.test/${number}/next`);
  agent.destroy();
  console.log(JSON.stringify([first, next]));
}
