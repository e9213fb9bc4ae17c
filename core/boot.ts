/**
 * What whoever starts the daemon and the relay tells each of them: one JSON line on standard input,
 * so that nothing of it is in an argument, an environment or a file.
 *
 * @module
 */

/** Where the master key comes from. */
export type MasterKeySource =
  | "environment"
  | "environment_file"
  | "keyring"
  | "passphrase"
  | "key_file";

/** First line the daemon reads. */
export interface DaemonBoot {
  readonly home: string;
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly version: string;
  /** Random, for this boot: answers the health challenge, so that no other process can pose as the daemon. */
  readonly instance: string;
  /** `secret` is null for `key_file`: the daemon reads (or makes) `server/master.key` itself. */
  readonly master_key: {
    readonly source: MasterKeySource;
    readonly secret: string | null;
    /** A keyring's further keys: a change of the master key was cut short, and the vault says which. */
    readonly others?: readonly string[];
  };
  readonly relay: { readonly port: number; readonly secret: string; readonly pid: number };
  /** Extra trust anchors for outbound TLS, PEM. */
  readonly extra_roots: readonly string[];
  /** Base of generated links; null: the address bound. */
  readonly base_url: string | null;
}

/** First line the relay reads. */
export interface RelayBoot {
  /** Chosen before the relay starts, so that the daemon can start beside it; 0: the system chooses. */
  readonly port: number;
  readonly secret: string;
  /** Private and loopback addresses may be dialled for every allowed host. */
  readonly allow_private: boolean;
  /** Corporate proxy for outbound connections, from `HTTPS_PROXY`; null: direct. */
  readonly https_proxy: string | null;
  readonly no_proxy: readonly string[];
}

/** First line the relay writes: it listens. */
export interface RelayReady {
  readonly port: number;
}

/** `server/daemon/daemon.json`, written by the daemon once it listens. */
export interface DaemonState {
  readonly pid: number;
  readonly relay_pid: number;
  readonly host: string;
  readonly port: number;
  readonly version: string;
  readonly instance: string;
  readonly started_at: string;
  /** Which of the boot line's master keys opened the vault, where there were several; 0: the first. */
  readonly master_key?: number;
}

/** Request header of the health challenge: 32 hex digits, fresh each time. */
export const CHALLENGE_HEADER = "x-authsome-challenge";
/** Answer header: hex of HMAC-SHA256 over the challenge, keyed with `instance`. */
export const ANSWER_HEADER = "x-authsome-answer";

/** The answer to a challenge. */
export async function answerChallenge(instance: string, challenge: string): Promise<string> {
  const bytes = new TextEncoder();
  const key = await crypto.subtle.importKey(
    "raw",
    bytes.encode(instance),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );
  const mac = await crypto.subtle.sign("HMAC", key, bytes.encode(`health:${challenge}`));
  return new Uint8Array(mac).toHex();
}

/**
 * How a daemon that cannot start says why, on a line of its own in its log: this mark, then the
 * error's envelope as JSON. Whoever started it throws that error again.
 */
export const START_FAILURE_MARK = "cannot start: ";
