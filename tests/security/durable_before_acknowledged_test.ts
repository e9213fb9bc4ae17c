/**
 * Invariant: durable before acknowledged. A write that was answered is there after `kill -9`, and a
 * batch is there whole or not at all.
 *
 * Losing power is another matter, which no test on a running machine shows: `docs/storage.md` says
 * why `synchronous=FULL` keeps the promise then.
 *
 * @module
 */
import assert from "node:assert/strict";
import { openSqliteVault } from "../../daemon/vault/sqlite_vault.ts";

const WRITER = new URL("./write_until_killed.ts", import.meta.url).href;

Deno.test("a writer killed at any moment loses no acknowledged batch and tears none", async () => {
  const directory = await Deno.makeTempDir({ prefix: "authsome-crash-" });
  try {
    let acknowledged = 0;
    for (const batches of [1, 7, 40, 200]) {
      acknowledged = await writeAndKill(directory, acknowledged + 1, batches);
      await checkVault(directory, acknowledged);
    }
    assert.ok(acknowledged >= 248);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

/** Lets the writer acknowledge some batches, kills it, and gives the last number it told. */
async function writeAndKill(directory: string, first: number, batches: number): Promise<number> {
  const writer = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-lock", "-A", WRITER, directory, String(first)],
    stdout: "piped",
  }).spawn();
  let told = "";
  for await (const text of writer.stdout.pipeThrough(new TextDecoderStream())) {
    told += text;
    // The kill lands while the next batch is on its way; what is told until then counts.
    if (told.split("\n").length > batches) tryKill(writer);
  }
  await writer.status;
  return Number(told.split("\n").at(-2));
}

function tryKill(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // It is dead; what it told before is still being read.
  }
}

async function checkVault(directory: string, acknowledged: number): Promise<void> {
  const vault = await openSqliteVault({
    path: `${directory}/vault.db`,
    keyFilePath: `${directory}/master.key`,
    masterKey: { source: "key_file", secret: null },
  });
  try {
    const numbers = async (prefix: string) =>
      (await vault.list(prefix)).map(({ value }) => JSON.parse(value).number as number).sort((
        a,
        b,
      ) => a - b);
    const [left, right] = [await numbers("left:"), await numbers("right:")];
    const latest = JSON.parse((await vault.get("latest"))!.value).number;

    assert.deepEqual(left, right, "no batch is torn");
    assert.deepEqual(left, Array.from({ length: left.length }, (_, i) => i + 1));
    assert.ok(
      left.length >= acknowledged,
      `${acknowledged} were acknowledged, ${left.length} kept`,
    );
    assert.equal(latest, left.length);
  } finally {
    vault.close();
  }
}
