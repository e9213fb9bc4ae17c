/**
 * What crosses the HTTP API about everything that is kept: backups of it, and the keys that seal it.
 *
 * @module
 */

/** `POST /keys/rotate`. */
export interface RotateKeysRequest {
  /**
   * The new master key: 32 bytes in base64 or hex, or a passphrase. Left out where the key is in
   * `server/master.key`: the daemon makes that one.
   */
  readonly new_key?: string | undefined;
}

/** Answer of `POST /keys/rotate`. */
export interface KeyRotation {
  readonly status: "rotated";
  /** Where the master key is kept, now as before. */
  readonly source: string;
  /** Records that were sealed anew. */
  readonly records: number;
  /** Id of the new data key. */
  readonly key_id: number;
  /** False: what the old keys had sealed is still in the free places of the file, until the next start. */
  readonly erased: boolean;
}

/** `POST /backup`. */
export interface BackupRequest {
  readonly passphrase: string;
  /** Leave out what does not open any more, and say so, instead of making no backup at all. */
  readonly partial?: boolean | undefined;
}

/** What a backup holds, without a secret. */
export interface BackupFacts {
  readonly created_at: string;
  /** Version of authsome that made it. */
  readonly version: string;
  /** Number of connections by provider. */
  readonly providers: Readonly<Record<string, number>>;
  readonly connections: number;
  /** Connections with a refresh token: one that was renewed since may be worth nothing any more. */
  readonly renewable: number;
  /** Providers whose OAuth client is in it. */
  readonly clients: readonly string[];
  /** Names of custom definitions. */
  readonly definitions: readonly string[];
}

/** Answer of `POST /backup`. */
export interface BackupAnswer extends BackupFacts {
  /** The file's bytes, base64. */
  readonly backup: string;
  /** The state of the daemon that it is of; see {@linkcode RestoreRequest}. */
  readonly revision: number;
  /** What was left out, and why. */
  readonly warnings: readonly string[];
}

/** `POST /backup/verify`. */
export interface VerifyBackupRequest {
  /** The file's bytes, base64. */
  readonly backup: string;
  readonly passphrase: string;
}

/** Answer of `POST /backup/verify`. */
export interface VerifiedBackup extends BackupFacts {
  /** What restoring it here would replace. */
  readonly replaces: Replaced;
}

/** What is here now. */
export interface Replaced {
  readonly connections: number;
  readonly clients: number;
  readonly definitions: number;
}

/** `POST /backup/restore`. */
export interface RestoreRequest extends VerifyBackupRequest {
  /** Replace what is here. */
  readonly force?: boolean | undefined;
  /** Only if nothing has changed since the backup that answered this revision. */
  readonly revision?: number | undefined;
}

/** Answer of `POST /backup/restore`. */
export interface RestoredBackup extends BackupFacts {
  readonly status: "restored";
  readonly replaced: Replaced;
}
