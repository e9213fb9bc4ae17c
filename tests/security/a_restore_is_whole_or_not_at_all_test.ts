/**
 * Invariant: durable before acknowledged, for a restore. A process that restores over a living vault
 * is killed with `kill -9`, at random and at each definition file it is about to touch. What the next
 * start finds is one backup or the other: every record, the index, every definition file.
 *
 * `AUTHSOME_TEST_KILLS` sets how many processes die at random; 60 when it is not set.
 *
 * @module
 */
import assert from "node:assert/strict";
import { startWorker } from "../support/killed_worker.ts";
import { openPlace, restoreExample, type RestorePlace } from "./restore_until_killed.ts";

const KILLS = Number(Deno.env.get("AUTHSOME_TEST_KILLS") ?? "60");
const WORKER = new URL("./restore_until_killed.ts", import.meta.url);

/** What a directory holds when it holds one example and nothing else. */
type Snapshot = readonly string[];

Deno.test(`${KILLS} processes killed at random leave one backup or the other`, async () => {
  await withExamples(async (directory, examples) => {
    const found = { a: 0, b: 0 };
    let now: "a" | "b" = "a";
    for (let kills = 0; kills < KILLS; kills++) {
      const worker = startWorker(WORKER, tell(directory, now === "a" ? "b" : "a", null));
      for (let n = Math.floor(Math.random() * 3); n >= 0; n--) await worker.line();
      // Not waiting for anything: the moment is the point. A restore takes some ten milliseconds.
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 40));
      await worker.kill();
      now = await judge(directory, examples);
      found[now]++;
    }
    assert.ok(found.a > 0 && found.b > 0, `both were found: ${JSON.stringify(found)}`);
  });
});

// Two definitions are written and one is removed.
for (const dieBefore of [0, 1, 2]) {
  Deno.test(`killed with the records replaced and ${dieBefore} of the definition files`, async () => {
    await withExamples(async (directory, examples) => {
      const worker = startWorker(WORKER, tell(directory, "b", dieBefore));
      assert.equal(await worker.line(), "b");
      assert.equal(await worker.line(), null, "it died there");
      await worker.kill();
      assert.notDeepEqual(await snapshot(directory), examples.b, "the files are behind");

      assert.equal(await judge(directory, examples), "b", "and the next start brings them along");
    });
  });
}

Deno.test("a start that is killed while it brings the files along leaves the rest to the next", async () => {
  await withExamples(async (directory, examples) => {
    const restoring = startWorker(WORKER, tell(directory, "b", 0));
    while (await restoring.line() !== null);
    await restoring.kill();
    for (const dieBefore of [0, 1, 2]) {
      const starting = startWorker(WORKER, tell(directory, null, dieBefore));
      assert.equal(await starting.line(), null);
      await starting.kill();
      assert.notDeepEqual(await snapshot(directory), examples.b, "not yet");
    }
    assert.equal(await judge(directory, examples), "b");
  });
});

function tell(
  directory: string,
  first: RestorePlace["first"],
  dieBefore: number | null,
): RestorePlace {
  return { directory, first, dieBefore };
}

/** Starts as the next daemon would, and says which example is there. */
async function judge(
  directory: string,
  examples: Readonly<Record<"a" | "b", Snapshot>>,
): Promise<"a" | "b"> {
  (await openPlace(directory)).vault.close();
  const there = await snapshot(directory);
  const which = there[0] === examples.a[0] ? "a" : "b";
  assert.deepEqual(there, examples[which]);
  return which;
}

/** Every record and every file, as they are; starts nothing. */
async function snapshot(directory: string): Promise<Snapshot> {
  const { openSqliteVault } = await import("../../daemon/vault/sqlite_vault.ts");
  const vault = await openSqliteVault({
    path: `${directory}/vault.db`,
    keyFilePath: `${directory}/master.key`,
    masterKey: { source: "key_file", secret: null },
  });
  const records = (await vault.list("")).map(({ key, value }) => `${key} ${value}`);
  vault.close();
  const names = Array.from(Deno.readDirSync(`${directory}/providers`), ({ name }) => name)
    // What a killed process was about to put in place; nobody reads it.
    .filter((name) => !name.endsWith(".tmp"));
  const files = names.sort().map((name) =>
    `${name} ${Deno.readTextFileSync(`${directory}/providers/${name}`)}`
  );
  return [...files, ...records];
}

/** A directory with example `a` restored, and what it looks like with each. */
async function withExamples(
  work: (
    directory: string,
    examples: Readonly<Record<"a" | "b", Snapshot>>,
  ) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "authsome-restore-" });
  try {
    await Deno.mkdir(`${directory}/providers`, { mode: 0o700 });
    const examples = { a: [] as Snapshot, b: [] as Snapshot };
    for (const letter of ["b", "a"] as const) {
      const place = await openPlace(directory);
      await restoreExample(place, letter);
      place.vault.close();
      examples[letter] = await snapshot(directory);
    }
    assert.equal(examples.a.some((line) => line.includes("of-b")), false);
    await work(directory, examples);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
