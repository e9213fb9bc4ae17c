/**
 * `authsome backup verify`: proves that a backup opens.
 *
 * @module
 */
import { readBackupFile } from "../client/backup_file.ts";
import { askBackupPassphrase, PASSPHRASE_OPTIONS } from "./ask_backup_passphrase.ts";
import type { Command } from "./command.ts";
import { describeBackup } from "./describe_backup.ts";
import { showProgress } from "./progress.ts";
import { formatFacts } from "./table.ts";

const options = PASSPHRASE_OPTIONS;

/** The command. */
export const backupVerify: Command<typeof options> = {
  name: "backup verify",
  description:
    "Open a backup, decrypt and check everything in it, and say what it holds. Nothing " +
    "is changed and no secret is shown.",
  positionals: [{ name: "PATH" }],
  options,
  examples: [{ line: "authsome backup verify ~/authsome.backup", says: "asks for its passphrase" }],

  async run({ positionals, options }, { openClient, voice }) {
    const path = positionals[0]!;
    const bytes = await readBackupFile(path);
    const passphrase = await askBackupPassphrase(voice, options);
    const client = await openClient();
    using _progress = showProgress(voice, () => "opening the backup");
    const { replaces: _, ...facts } = await client.verifyBackup({
      backup: bytes.toBase64(),
      passphrase: passphrase.reveal(),
    });
    voice.result(
      { status: "ok", path, ...facts },
      () => `The backup opens\n${formatFacts(describeBackup(facts), voice.paint)}`,
    );
  },
};
