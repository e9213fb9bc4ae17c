/** The relay's door: what it does when the system gives it no connection. */
import assert from "node:assert/strict";
import { acceptAll } from "../../../daemon/relay/accept_all.ts";

const OUT_OF_FILES = new Error("Too many open files (os error 24)");

Deno.test("a relay without file descriptors waits before it tries again, and then goes on", async () => {
  const waits: (() => void)[] = [];
  const results = [OUT_OF_FILES, OUT_OF_FILES, "connection", new Deno.errors.BadResource()];
  const served: string[] = [];
  let asked = 0;
  const accept = async () => {
    const result = results[asked++]!;
    if (typeof result !== "string") throw result;
    return await Promise.resolve(result);
  };
  const pause = () => new Promise<void>((resolve) => void waits.push(resolve));

  const ended = acceptAll({ accept }, (connection) => served.push(connection), pause);
  for (let round = 1; round <= 2; round++) {
    // Whatever is due without waiting has happened by then.
    await new Promise((resolve) => setTimeout(resolve));
    assert.deepEqual([asked, waits.length, served], [round, round, []]);
    waits.at(-1)!();
  }
  await ended;

  assert.deepEqual(served, ["connection"]);
  assert.equal(asked, 4);
});

Deno.test("a relay whose listener was closed accepts no more", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const ended = acceptAll(listener, () => assert.fail("nobody came"));

  listener.close();

  await ended;
});
