/**
 * `authsome backup`: everything that is kept, as one file that a passphrase opens.
 *
 * @module
 */
import { checkBackupPlace, writeBackupFile } from "../client/backup_file.ts";
import { MAX_BACKUP_BYTES } from "../core/backup_size.ts";
import {
  askBackupPassphrase,
  PASSPHRASE_OPTIONS,
  PASSPHRASE_VARIABLE,
} from "./ask_backup_passphrase.ts";
import type { Command } from "./command.ts";
import { countBackup } from "./describe_backup.ts";
import { showProgress } from "./progress.ts";

const options = {
  ...PASSPHRASE_OPTIONS,
  force: { summary: "Replace a file that is there" },
  partial: { summary: "Leave out what does not open any more, and say so" },
} as const;

/** The command. */
export const backup: Command<typeof options> = {
  name: "backup",
  description: "Write every connection, OAuth client and provider of your own into one file, " +
    "sealed with a passphrase of at least 12 characters. Without the passphrase nobody opens it, " +
    "you neither. Try it out with: authsome backup verify PATH. A backup has at most " +
    `${MAX_BACKUP_BYTES >> 20} MiB, which is ten thousand logins with long tokens.`,
  positionals: [{ name: "PATH" }],
  options,
  examples: [
    { line: "authsome backup ~/authsome.backup", says: "asks for a passphrase, twice" },
    {
      line: "authsome backup nightly.backup --force --passphrase-file ~/.backup-passphrase",
      says: `in a script; also --stdin, or ${PASSPHRASE_VARIABLE}`,
    },
  ],

  async run({ positionals, options }, { openClient, voice }) {
    const path = positionals[0]!;
    // Before anybody thinks of a passphrase.
    await checkBackupPlace(path, options.force);
    const passphrase = await askBackupPassphrase(voice, options, { isNew: true });
    const client = await openClient();
    using _progress = showProgress(voice, () => "sealing the backup");
    const made = await client.createBackup(passphrase, { partial: options.partial });
    const { backup, revision: _, warnings, ...facts } = made;
    const bytes = Uint8Array.fromBase64(backup);
    await writeBackupFile(path, bytes, { force: options.force });
    for (const warning of warnings) voice.warning(warning);
    voice.result(
      { status: "written", path, bytes: bytes.length, ...facts, warnings },
      () => `Backed up ${countBackup(facts)} to ${path}`,
    );
  },
};
