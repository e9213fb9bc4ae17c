/**
 * Faults of the home as a person meets them: the command says what is wrong and ends with the
 * contract's exit code; with the fault mended, every key is there.
 *
 * @module
 */
import { deepEqual, equal, match } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { homePaths } from "../../core/paths.ts";
import { runCli } from "../support/run_cli.ts";
import { withHome } from "../support/temp_home.ts";
import type { TemporaryHome } from "../support/temporary_home.ts";

const KEY = "sk-proj-0123456789abcdefghijklmn";
const OTHER_KEY = "sk-proj-nmlkjihgfedcba9876543210";

/** Something that goes wrong with a home whose daemon is stopped. */
interface Fault {
  /** Brings it about; gives how it is mended. */
  readonly bringAbout: (home: TemporaryHome) => () => void;
  readonly env?: Readonly<Record<string, string>>;
  readonly error: string;
  readonly message: RegExp;
}

const FAULTS: Readonly<Record<string, Fault>> = {
  "the master key is missing": {
    bringAbout: (home) => change(homePaths(home.path).server.masterKey, () => null),
    error: "MasterKeyError",
    message: /master\.key/,
  },
  "the master key is another one": {
    bringAbout: (home) =>
      change(
        homePaths(home.path).server.masterKey,
        () => {
          const key = new Uint8Array(32).fill(7).toBase64();
          return new TextEncoder().encode(JSON.stringify({ version: 1, key }));
        },
      ),
    error: "MasterKeyError",
    message: /is not the master key it was made with/,
  },
  "the master key is truncated": {
    bringAbout: (home) =>
      change(homePaths(home.path).server.masterKey, (bytes) => bytes.subarray(0, 20)),
    error: "MasterKeyError",
    message: /master\.key/,
  },
  "the environment names another master key": {
    bringAbout: () => () => {},
    env: { AUTHSOME_MASTER_KEY: "7".repeat(64) },
    error: "MasterKeyError",
    message: /AUTHSOME_MASTER_KEY.* is not the master key it was made with/,
  },
  "the vault is truncated": {
    bringAbout: (home) =>
      change(homePaths(home.path).server.vault, (bytes) => bytes.subarray(0, bytes.length / 2)),
    error: "StoreUnavailableError",
    message: /it is cut short/,
  },
  "the vault is from a newer version": {
    bringAbout: (home) => {
      const { vault } = homePaths(home.path).server;
      return change(vault, () => {
        tamper(vault, "UPDATE meta SET value = '99' WHERE name = 'schema_version'");
        return Deno.readFileSync(vault);
      });
    },
    error: "StoreUnavailableError",
    message: /newer authsome/,
  },
  "a record's ciphertext is another's": {
    bringAbout: (home) => {
      const { vault } = homePaths(home.path).server;
      return change(vault, () => {
        const other = "SELECT sealed FROM record WHERE key LIKE '%:connection:work'";
        tamper(
          vault,
          `UPDATE record SET sealed = (${other}) WHERE key LIKE '%:connection:default'`,
        );
        return Deno.readFileSync(vault);
      });
    },
    error: "VaultSealError",
    message: /it was changed, moved or sealed under another key/,
  },
};

/** Puts other bytes (null: nothing) in a file's place; gives how they are taken out again. */
function change(
  path: string,
  make: (bytes: Uint8Array) => Uint8Array | null,
): () => void {
  const before = Deno.readFileSync(path);
  const after = make(before);
  if (after === null) Deno.removeSync(path);
  else Deno.writeFileSync(path, after);
  return () => Deno.writeFileSync(path, before, { mode: 0o600 });
}

function tamper(path: string, statement: string): void {
  using database = new DatabaseSync(path);
  database.exec(`${statement}; PRAGMA wal_checkpoint(TRUNCATE)`);
}

/** The keys there are, in clear. */
async function storedKeys(home: TemporaryHome): Promise<string[]> {
  const keys: string[] = [];
  for (const ref of ["openai/default", "openai/work"]) {
    const { stdout } = await runCli(home, ["get", ref, "--show-secret", "--field", "api_key"]);
    keys.push(stdout.trim());
  }
  return keys;
}

for (const [name, { bringAbout, env = {}, error, message }] of Object.entries(FAULTS)) {
  Deno.test(`${name}: exit code 1, a clear error, and nothing is lost`, async () => {
    await withHome(async (home) => {
      await runCli(home, ["login", "openai/default", "--stdin"], { input: KEY });
      await runCli(home, ["login", "openai/work", "--stdin"], { input: OTHER_KEY });
      await runCli(home, ["daemon", "stop"]);
      const mend = bringAbout(home);

      const { code, stdout } = await runCli(home, ["get", "openai/default", "--json"], { env });

      const said = JSON.parse(stdout);
      deepEqual([code, said.error], [1, error], stdout);
      match(said.message, message);
      equal(typeof said.hint, "string");
      equal(stdout.includes(KEY), false);
      await runCli(home, ["daemon", "stop"]);
      mend();
      deepEqual(await storedKeys(home), [KEY, OTHER_KEY]);
    });
  });
}

/** Whether a file system of our own size can be mounted here: root on Linux, outside of most containers. */
function mountSmallDisk(path: string): boolean {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return false;
  const { success } = new Deno.Command("mount", {
    args: ["-t", "tmpfs", "-o", "size=2m,mode=700", "authsome-test", path],
    stdout: "null",
    stderr: "null",
  }).outputSync();
  return success;
}

Deno.test("a full disk: the login is refused, and with room again it works", async (t) => {
  await withHome(async (home) => {
    const disk = `${home.directory}/disk`;
    await Deno.mkdir(disk, { mode: 0o700 });
    const isMounted = mountSmallDisk(disk);
    const env = { AUTHSOME_HOME: `${disk}/home` };
    const login = (ref: string, input: string) =>
      runCli(home, ["login", ref, "--stdin", "--json"], { input, env });
    try {
      await t.step({
        name: isMounted ? "on a disk of 2 MB" : "on a disk of 2 MB (needs a mount)",
        ignore: !isMounted,
        fn: async () => {
          await login("openai/default", KEY);
          await fillDisk(`${disk}/filler`);

          const refused = await login("openai/work", OTHER_KEY);
          const kept = await runCli(home, ["get", "openai/default", "--json"], { env });
          await Deno.remove(`${disk}/filler`);
          const taken = await login("openai/work", OTHER_KEY);

          deepEqual([refused.code, JSON.parse(refused.stdout).error], [1, "StoreUnavailableError"]);
          equal(refused.stdout.includes(OTHER_KEY), false);
          deepEqual([kept.code, taken.code], [0, 0]);
        },
      });
    } finally {
      if (isMounted) {
        await runCli(home, ["daemon", "stop"], { env });
        // Lazily: a process that is just ending may still have a file open there.
        new Deno.Command("umount", { args: ["-l", disk] }).outputSync();
      }
    }
  });
});

/** Writes until nothing more fits. */
async function fillDisk(path: string): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true });
  try {
    for (;;) await file.write(new Uint8Array(4096));
  } catch { /* full */ }
}
