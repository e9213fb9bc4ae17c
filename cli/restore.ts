/**
 * `authsome restore`: put a backup in place of everything that is kept.
 *
 * @module
 */
import { readBackupFile, writeBackupFile } from "../client/backup_file.ts";
import type { DaemonClient } from "../client/daemon_client.ts";
import { makePrivateDirectory } from "../client/private_file.ts";
import type { RestoredBackup, VerifiedBackup } from "../core/api.ts";
import type { Settings } from "../core/config.ts";
import { ConnectionExistsError, VaultConflictError } from "../core/errors.ts";
import { homePaths } from "../core/paths.ts";
import type { Secret } from "../core/secret.ts";
import { askBackupPassphrase, PASSPHRASE_OPTIONS } from "./ask_backup_passphrase.ts";
import type { Command } from "./command.ts";
import { countBackup, describeBackup, isNothing } from "./describe_backup.ts";
import { wholeOrNot } from "./outcome_unknown.ts";
import { showProgress } from "./progress.ts";
import { canAsk, confirm } from "./prompt.ts";
import { formatFacts } from "./table.ts";
import type { Voice } from "./voice.ts";

const options = {
  ...PASSPHRASE_OPTIONS,
  force: { summary: "Replace what is here; do not ask" },
} as const;

/** Something else may change between the backup of what is here and its replacement. */
const ATTEMPTS = 5;

/** The command. */
export const restore: Command<typeof options> = {
  name: "restore",
  description:
    "Put a backup in place of every connection, OAuth client and provider of your own. " +
    "All of it or nothing. What it replaces is backed up first, with the same passphrase. " +
    "Profiles, running commands and the audit log stay.",
  positionals: [{ name: "PATH" }],
  options,
  examples: [
    { line: "authsome restore ~/authsome.backup", says: "shows what is in it, and asks" },
    {
      line: "authsome restore nightly.backup --force --passphrase-file ~/.backup-passphrase",
      says: "in a script",
    },
  ],

  async run({ positionals, options }, { openClient, voice, settings }) {
    const path = positionals[0]!;
    const backup = (await readBackupFile(path)).toBase64();
    const passphrase = await askBackupPassphrase(voice, options);
    const client = await openClient();
    const verified = await (async () => {
      using _progress = showProgress(voice, () => "opening the backup");
      return await client.verifyBackup({ backup, passphrase: passphrase.reveal() });
    })();
    const isEmpty = isNothing(verified.replaces);
    const force = options.force || (!isEmpty && canAsk());
    if (!options.force && force && !await isMeant(voice, verified)) {
      const { replaces: _, ...facts } = verified;
      voice.result(
        { status: "declined", path, ...facts, replaced: null, kept: null },
        () => "Nothing was changed",
      );
      return;
    }
    using _progress = showProgress(voice, () => "restoring");
    const { restored, kept } = await replaceAll(client, settings, voice, {
      backup,
      passphrase,
      force,
    }).catch((error) => {
      throw withPath(error, path);
    });
    tell(voice, path, restored, kept);
  },
};

interface Replacement {
  readonly backup: string;
  readonly passphrase: Secret;
  readonly force: boolean;
}

/** The daemon does not know the file: its hint is given the path. */
function withPath(error: unknown, path: string): unknown {
  if (!(error instanceof ConnectionExistsError)) return error;
  const hint = `To replace it: authsome restore ${path} --force`;
  return new ConnectionExistsError(error.message, { operation: "restore", hint, cause: error });
}

/** Keeps what is there, then replaces exactly that. */
async function replaceAll(
  client: DaemonClient,
  settings: Settings,
  voice: Voice,
  { backup, passphrase, force }: Replacement,
): Promise<{ readonly restored: RestoredBackup; readonly kept: string | null }> {
  for (let left = ATTEMPTS;; left--) {
    const before = force ? await client.createBackup(passphrase, { partial: true }) : null;
    for (const warning of before?.warnings ?? []) voice.warning(warning);
    const kept = before === null || isNothing(before) ? null : await keep(settings, before.backup);
    try {
      const request = {
        backup,
        passphrase: passphrase.reveal(),
        force,
        ...(before === null ? {} : { revision: before.revision }),
      };
      const restored = await wholeOrNot(
        "the backup was restored",
        "Run: authsome list",
        () => client.restoreBackup(request),
      );
      return { restored, kept };
    } catch (error) {
      if (!(error instanceof VaultConflictError) || left <= 1) throw error;
      if (kept !== null) await Deno.remove(kept);
    }
  }
}

async function keep(settings: Settings, backup: string): Promise<string> {
  const { backups } = homePaths(settings.home).client;
  await makePrivateDirectory(backups);
  const time = new Date().toISOString().replace(/[:.]/g, "-");
  const path = `${backups}/before-restore-${time}.backup`;
  await writeBackupFile(path, Uint8Array.fromBase64(backup));
  return path;
}

async function isMeant(voice: Voice, { replaces, ...facts }: VerifiedBackup): Promise<boolean> {
  voice.instruct(formatFacts(describeBackup(facts), (_tone, text) => text));
  return await confirm(voice, `Replace ${countBackup(replaces)} that are here by this?`, false);
}

function tell(voice: Voice, path: string, restored: RestoredBackup, kept: string | null): void {
  const { status, replaced, ...facts } = restored;
  voice.result(
    { status, path, ...facts, replaced, kept },
    () => `Restored ${countBackup(facts)} from ${path}`,
  );
  if (kept !== null) voice.note(`What was here before: authsome restore ${kept}`);
  if (facts.renewable > 0) {
    voice.note("A login whose token was renewed since the backup will say that it needs another");
  }
}
