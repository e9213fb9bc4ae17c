/**
 * Run by a test: changes the keys of a vault, again and again, until it is killed, or kills itself
 * behind a step. Says the number of each change before it begins, on standard output and in a file
 * that outlives it.
 *
 * @module
 */
import { Secret } from "../../core/secret.ts";
import { masterKeyChanger } from "../../daemon/change_master_key.ts";
import { openSqliteVault } from "../../daemon/vault/sqlite_vault.ts";

/** What the worker is told. */
export interface KeyChangePlace {
  readonly directory: string;
  readonly source: "key_file" | "environment";
  /** Number of the key that is in force; keys of the environment follow from their number. */
  readonly number: number;
  /** The step behind which it dies; null: somebody else sees to that. */
  readonly dieAfter: string | null;
}

/** The master key of this number, where it is not in a file. */
export function numberedKey(number: number): string {
  return number.toString(16).padStart(64, "7");
}

if (import.meta.main) {
  const { directory, source, number, dieAfter } = JSON.parse(Deno.args[0]!) as KeyChangePlace;
  const vault = await openSqliteVault({
    path: `${directory}/vault.db`,
    keyFilePath: `${directory}/master.key`,
    masterKey: { source, secret: source === "key_file" ? null : numberedKey(number) },
  });
  const changeKeys = masterKeyChanger({
    vault,
    source,
    keyFilePath: `${directory}/master.key`,
    now: () => new Date(),
    onStep: (step) => {
      if (step === dieAfter) Deno.kill(Deno.pid, "SIGKILL");
    },
  });
  for (let next = number + 1;; next++) {
    Deno.writeTextFileSync(`${directory}/told`, `${next}\n`, { append: true });
    Deno.stdout.writeSync(new TextEncoder().encode(`${next}\n`));
    await changeKeys(source === "key_file" ? null : new Secret(numberedKey(next)));
  }
}
