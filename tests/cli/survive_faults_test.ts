/** What happens to a run in whose process an error is caught by nobody. */
import assert from "node:assert/strict";

const MODULE = new URL("../../cli/survive_faults.ts", import.meta.url).href;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/**
 * Runs `body` in a process of its own, until `count` errors were told; what was told, and whether the
 * process came to its end. When an uncaught rejection is reported, before a timer that is due or after
 * it, depends on how busy the machine is: so the process waits for what is told, never for a turn.
 */
async function runWith(body: string, count: number): Promise<{ told: string[]; isAlive: boolean }> {
  const { stdout, success } = await new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      `--config=${CONFIG}`,
      `
      import net from "node:net";
      import { surviveFaults } from ${JSON.stringify(MODULE)};
      let missing = ${count};
      const alive = surviveFaults((line) => { console.log(line); missing--; });
      ${body}
      while (missing > 0) await new Promise((resolve) => setTimeout(resolve));
      await new Promise((resolve) => setTimeout(resolve));
      alive[Symbol.dispose]();
    `,
    ],
    stdout: "piped",
    stderr: "null",
  }).output();
  const told = new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "");
  return { isAlive: success, told };
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
    const { told, isAlive } = await runWith(body, 1);

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
  const one = await runWith("for (let i = 0; i < 9; i++) Promise.reject(new TypeError('x'));", 1);
  const many = await runWith(
    `for (let i = 0; i < 99; i++) {
    const error = new TypeError("x");
    error.stack = "TypeError: x\\n    at f (file:///a/proxy/exchange.ts:" + i + ":1)";
    Promise.reject(error);
  }`,
    20,
  );

  assert.deepEqual([one.told.length, many.told.length], [1, 20]);
});

Deno.test("after the run an error ends the process as ever", async () => {
  const { told, isAlive } = await runWith(
    "alive[Symbol.dispose](); Promise.reject(new TypeError('x'));",
    1,
  );

  assert.deepEqual({ told, isAlive }, { told: [], isAlive: false });
});
