/** The daemon's port, where the system lets nobody in for a while. */
import assert from "node:assert/strict";
import { HttpDoor } from "../../daemon/http_door.ts";
import { startWithFewFiles } from "../support/few_files.ts";
import { until } from "../support/until.ts";

const PROGRAM = new URL("../support/http_door_program.ts", import.meta.url);
/** More than a bare process has open, by some connections. */
const FILES = 64;

const never = { onReopened: () => assert.fail("reopened"), onLost: () => assert.fail("lost") };

Deno.test("a port that ran out of files is opened anew, and what was asked before is answered", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  const child = startWithFewFiles(PROGRAM, FILES);
  const output = child.stdout.pipeThrough(new TextDecoderStream());
  let said = "";
  const reading = (async () => {
    for await (const piece of output) said += piece;
  })();
  await until(() => said.includes("\n"));
  const port = Number(said.split("\n")[0]);
  const ask = (path: string) => fetch(`http://127.0.0.1:${port}${path}`).then((it) => it.text());
  const silent: Deno.Conn[] = [];
  try {
    const asked = ask("/wait");
    await until(() => said.includes("waiting"));
    while (!said.includes("Too many open files")) {
      // Refused while the port is closed.
      const connection = await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => null);
      if (connection !== null) silent.push(connection);
    }

    assert.equal(await ask("/go"), "served");
    assert.equal(await asked, "served");
  } finally {
    for (const connection of silent) connection.close();
    child.kill("SIGKILL");
    await child.status;
    await reading;
  }
});

Deno.test("a port that somebody else has is no door", async () => {
  using held = Deno.listen({ hostname: "127.0.0.1", port: 0 });

  assert.throws(
    () => new HttpDoor("127.0.0.1", held.addr.port, () => new Response(), never),
    Deno.errors.AddrInUse,
  );
  await Promise.resolve();
});

Deno.test("a closed door is not opened anew, and waits for an answer no longer than it is told", async () => {
  const come = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<Response>();
  const door = new HttpDoor("127.0.0.1", 0, () => {
    come.resolve();
    return answer.promise;
  }, never);
  const asked = fetch(`http://127.0.0.1:${door.port}`).then((it) => it.text());
  await come.promise;

  await door.close(1);
  await assert.rejects(Deno.connect({ hostname: "127.0.0.1", port: door.port }));
  answer.resolve(new Response("late"));

  assert.equal(await asked, "late");
});
