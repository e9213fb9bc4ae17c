/**
 * The passphrase of a backup, asked for alike by every command that takes one.
 *
 * @module
 */
import type { Secret } from "../core/secret.ts";
import { askPassphrase } from "./ask_passphrase.ts";
import type { Voice } from "./voice.ts";

/** Options of every command that takes a backup's passphrase. */
export const PASSPHRASE_OPTIONS = {
  "passphrase-file": { summary: "Read the passphrase from this file", value: "PATH" },
  stdin: { summary: "Read the passphrase from standard input" },
} as const;

/** Variable with a backup's passphrase, for scripts. */
export const PASSPHRASE_VARIABLE = "AUTHSOME_BACKUP_PASSPHRASE";

/** How it was said where it comes from. */
export interface GivenOptions {
  readonly "passphrase-file": string | undefined;
  readonly stdin: boolean;
}

/** The passphrase; throws as {@linkcode askPassphrase} does. `isNew`: of a backup to be made. */
export async function askBackupPassphrase(
  voice: Voice,
  { "passphrase-file": file, stdin }: GivenOptions,
  { isNew = false }: { readonly isNew?: boolean } = {},
): Promise<Secret> {
  return await askPassphrase(voice, {
    label: "Passphrase of the backup",
    file,
    fileOption: "passphrase-file",
    stdin,
    variable: PASSPHRASE_VARIABLE,
    isNew,
  });
}
