// What an agent promises: at most two connections, whatever is asked for at once; and nobody waits
// for ever behind a connection that fails, or for an agent that was destroyed.
import http from "node:http";
import https from "node:https";

const [url, unreachable] = process.argv.slice(2);
const { Agent, get } = url.startsWith("https:") ? https : http;

function ask(url, agent, sockets) {
  return new Promise((resolve) => {
    const request = get(url, { agent }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode));
    });
    request.on("socket", (socket) => sockets?.add(socket));
    request.on("error", () => resolve("failed"));
  });
}
const many = (count, ...args) => Promise.all(Array.from({ length: count }, () => ask(...args)));

const agent = new Agent({ keepAlive: true, maxSockets: 2 });
const sockets = new Set();
const statuses = [...await many(20, url, agent, sockets), ...await many(4, url, agent, sockets)];
console.log("answers:", new Set(statuses), "connections:", sockets.size);
console.log("behind a failure:", await many(3, unreachable, new Agent({ maxSockets: 1 })));
agent.destroy();
const late = new Agent({ maxSockets: 2 });
const never = many(2, url, late);
late.destroy();
console.log("behind a destruction:", await never);
