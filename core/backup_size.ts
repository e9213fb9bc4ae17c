/**
 * How large a backup may be, at both ends.
 *
 * @module
 */

/** Largest backup, in bytes: some ten thousand connections with long tokens. */
export const MAX_BACKUP_BYTES = 48 * 1024 * 1024;
/** A larger one is told of: whoever has it made each night learns it before the night without one. */
const WARN_BYTES = MAX_BACKUP_BYTES * 3 / 4;

/** What is to be said of a backup that comes near the largest; null where it is far from it. */
export function describeLargeBackup(bytes: number): string | null {
  if (bytes <= WARN_BYTES) return null;
  return `The backup has ${mebibytes(bytes)} of at most ${mebibytes(MAX_BACKUP_BYTES)} MiB: ` +
    "when more is kept, none can be made; a copy of server/, with the daemon stopped, has no limit";
}

/** For messages, rounded up. */
export function mebibytes(bytes: number): number {
  return Math.ceil(bytes / (1 << 20));
}
