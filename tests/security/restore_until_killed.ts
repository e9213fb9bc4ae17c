/**
 * Run by a test: restores one backup and the other over a living vault, in turn, until it is killed,
 * or kills itself when it is about to do something to the definition files.
 *
 * @module
 */
import { Secret } from "../../core/secret.ts";
import type { OwnerCaller } from "../../daemon/broker/caller.ts";
import {
  type CustomDefinitionStore,
  ProviderCatalogue,
} from "../../daemon/broker/provider_catalogue.ts";
import { restoreBackup } from "../../daemon/broker/restore_backup.ts";
import { customDefinitions } from "../../daemon/custom_definitions.ts";
import { applyPendingDefinitions } from "../../daemon/records/pending_definitions.ts";
import { encodeBackup } from "../../daemon/records/backup_codec.ts";
import { sealBackup } from "../../daemon/records/backup_file.ts";
import { openSqliteVault, type SqliteVault } from "../../daemon/vault/sqlite_vault.ts";
import { exampleBackup } from "../support/backup_example.ts";
import { openTestDaemon } from "../daemon/support/test_daemon.ts";

/** What the worker is told. */
export interface RestorePlace {
  readonly directory: string;
  /** Restored first; null: the worker only starts. */
  readonly first: "a" | "b" | null;
  /** Before which save or removal of a file, of one restore, it dies; null: somebody else sees to that. */
  readonly dieBefore: number | null;
}

/** Whose everything is. */
export const RESTORE_OWNER: OwnerCaller = {
  type: "owner",
  identity: "calm-quietly-softly-0001",
  did: "did:key:zTest",
  principal_id: "principal_0123456789ab",
  vault_id: "vault_0123456789ab",
};

/** The vault and the definition files in a directory, as a starting daemon opens them. */
export async function openPlace(
  directory: string,
  wrap: (store: CustomDefinitionStore) => CustomDefinitionStore = (store) => store,
): Promise<{
  readonly vault: SqliteVault;
  readonly store: CustomDefinitionStore;
}> {
  const vault = await openSqliteVault({
    path: `${directory}/vault.db`,
    keyFilePath: `${directory}/master.key`,
    masterKey: { source: "key_file", secret: null },
  });
  const store = wrap(customDefinitions(`${directory}/providers`));
  await applyPendingDefinitions(vault, store);
  return { vault, store };
}

/** Restores example `letter`. */
export async function restoreExample(
  { vault, store }: Awaited<ReturnType<typeof openPlace>>,
  letter: "a" | "b",
): Promise<void> {
  const passphrase = "several words that nobody guesses";
  // A real derivation would take most of the time, and a kill in it shows nothing.
  const cheap = { memory_kib: 64, passes: 1, parallelism: 1 };
  const text = encodeBackup(exampleBackup(letter));
  const backup = (await sealBackup(text, new Secret(passphrase), cheap)).toBase64();
  const catalogue = await ProviderCatalogue.open([], store);
  const daemon = await openTestDaemon({ providers: [], vault, catalogue });
  await restoreBackup(daemon.broker, RESTORE_OWNER, { backup, passphrase, force: true });
  await daemon.stop();
}

if (import.meta.main) {
  const { directory, first, dieBefore } = JSON.parse(Deno.args[0]!) as RestorePlace;
  let touched = 0;
  const dieInTime = () => {
    if (touched++ === dieBefore) Deno.kill(Deno.pid, "SIGKILL");
  };
  const place = await openPlace(directory, (store) => ({
    read: () => store.read(),
    save(definition) {
      dieInTime();
      store.save(definition);
    },
    remove(name) {
      dieInTime();
      store.remove(name);
    },
  }));
  for (let letter = first; letter !== null; letter = letter === "a" ? "b" : "a") {
    Deno.stdout.writeSync(new TextEncoder().encode(`${letter}\n`));
    touched = 0;
    await restoreExample(place, letter);
  }
}
