/**
 * How large a backup may be, at both ends.
 *
 * @module
 */

/** Largest backup, in bytes: some ten thousand connections with long tokens. */
export const MAX_BACKUP_BYTES = 48 * 1024 * 1024;
