/** What happens to a run in whose process an error is caught by nobody. */
import assert from "node:assert/strict";

const MODULE = new URL("../../cli/survive_faults.ts", import.meta.url).href;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/** Runs `body` in a process of its own; what it said, and whether it came to its end. */
async function runWith(body: string): Promise<{ told: string[]; isAlive: boolean }> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      `--config=${CONFIG}`,
      `
      import net from "node:net";
      import { surviveFaults } from ${JSON.stringify(MODULE)};
      const alive = surviveFaults((line) => console.log(line));
      ${body}
      await new Promise((resolve) => setTimeout(resolve));
      alive[Symbol.dispose]();
      console.log("alive");
    `,
    ],
    stdout: "piped",
    stderr: "null",
  }).output();
  const lines = new TextDecoder().decode(stdout).trim().split("\n");
  return { isAlive: lines.pop() === "alive", told: lines };
}

const FAULTS = {
  "a promise that nobody waits for": "Promise.reject(new TypeError('the-key'));",
  "a timer": "setTimeout(() => { throw new TypeError('the-key'); });" +
    "await new Promise((resolve) => setTimeout(resolve, 1));",
  "a socket's event": `const server = net.createServer((socket) => socket.on("data", () => {
       setTimeout(() => { socket.destroy(); server.close(); });
       throw new TypeError("the-key");
     }));
     await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
     const client = net.connect(server.address().port, "127.0.0.1", () => client.write("x"));
     client.on("error", () => {});
     await new Promise((resolve) => client.on("close", resolve));`,
  "what is no error": "Promise.reject('the-key');",
};

for (const [where, body] of Object.entries(FAULTS)) {
  Deno.test(`an error in ${where} is told by its kind, and the run goes on`, async () => {
    const { told, isAlive } = await runWith(body);

    assert.ok(isAlive, told.join("\n"));
    assert.equal(told.length, 1);
    assert.match(
      told[0]!,
      /^a mistake in authsome: (TypeError|an error) at [^;]+; the run goes on, please report this line$/,
    );
    assert.ok(!told[0]!.includes("the-key"));
  });
}

Deno.test("the same error is told once, and of very many the first twenty", async () => {
  const one = await runWith("for (let i = 0; i < 9; i++) Promise.reject(new TypeError('x'));");
  const many = await runWith(`for (let i = 0; i < 99; i++) {
    const error = new TypeError("x");
    error.stack = "TypeError: x\\n    at f (file:///a/proxy/exchange.ts:" + i + ":1)";
    Promise.reject(error);
  }`);

  assert.deepEqual([one.told.length, many.told.length], [1, 20]);
});

Deno.test("after the run an error ends the process as ever", async () => {
  const { isAlive } = await runWith("alive[Symbol.dispose](); Promise.reject(new TypeError('x'));");
  assert.equal(isAlive, false);
});
