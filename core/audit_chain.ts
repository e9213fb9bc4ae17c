/**
 * The audit log's lines and the chain that binds them.
 *
 * A line is one JSON object; its `prev` is the SHA-256 of the bytes of the line before it (without
 * the line break), so that a changed, removed or inserted line breaks the chain right behind it. A
 * `checkpoint` line carries an Ed25519 signature over its own `seq` and `prev`: whoever rewrites the
 * chain from somewhere on needs the daemon's audit key, which only the vault holds.
 *
 * @module
 */
import { publicKeyOf } from "./did_key.ts";

/** What happened. Readers tolerate events they do not know. */
export type AuditEventName =
  | "login"
  | "logout"
  | "revoke"
  | "remove"
  | "register"
  | "export"
  | "get"
  | "scan"
  | "set_default"
  | "grant_start"
  | "grant_end"
  | "use"
  | "proxy_deny"
  | "proxy_no_credentials"
  | "refresh"
  | "refresh_failed"
  | "identity_registered"
  | "daemon_start"
  | "daemon_stop"
  | "log_recovered"
  | "log_rotated"
  | "checkpoint";

/** A decision to be written down. Holds no secret, no query string and no request body. */
export interface AuditEvent {
  readonly event: AuditEventName;
  readonly status: "success" | "failure" | "denied";
  readonly provider?: string | null;
  readonly connection?: string | null;
  /** Handle of the owner identity that asked, or of the run's owner. */
  readonly identity?: string | null;
  /** Grant id, when a run asked. */
  readonly run?: string | null;
  /** Short facts: host, method, counts, an error's class name. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** A line as written. */
export interface AuditLine extends AuditEvent {
  /** Counts from 1, through every rotation. */
  readonly seq: number;
  /** ISO 8601, UTC. */
  readonly timestamp: string;
  /** SHA-256 of the line before, hex; 64 zeros before the first. */
  readonly prev: string;
}

/** `prev` of the very first line. */
export const CHAIN_START = "0".repeat(64);

/** Ends of the chain so far: what the next line continues. */
export interface ChainHead {
  readonly seq: number;
  readonly hash: string;
}

/** The head of an empty log. */
export const EMPTY_CHAIN: ChainHead = { seq: 0, hash: CHAIN_START };

/** Text of the line that follows `head`. Its keys have a fixed order; null and absent fields are left out. */
export function formatAuditLine(event: AuditEvent, head: ChainHead, now: Date): string {
  const line: Record<string, unknown> = {
    seq: head.seq + 1,
    timestamp: now.toISOString(),
    event: event.event,
    status: event.status,
  };
  if (event.provider) line.provider = event.provider;
  if (event.connection) line.connection = event.connection;
  if (event.identity) line.identity = event.identity;
  if (event.run) line.run = event.run;
  if (event.details !== undefined) line.details = event.details;
  line.prev = head.hash;
  return JSON.stringify(line);
}

/** What a checkpoint signs. */
export function checkpointMessage(head: ChainHead): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`authsome-audit-v1\n${head.seq}\n${head.hash}`);
}

/** Where and how a log departs from its chain. */
export interface ChainFault {
  /** Line number over all files read, from 1. */
  readonly line: number;
  /** What the line says of itself, where it can be read. */
  readonly seq: number | null;
  readonly problem:
    | "not_json"
    | "missing_fields"
    | "wrong_sequence"
    | "wrong_hash"
    | "bad_signature"
    | "foreign_key"
    | "truncated";
  /** One sentence for a person. */
  readonly message: string;
}

/** What a verification found. */
export interface ChainReport {
  readonly lines: number;
  readonly checkpoints: number;
  /** `seq` of the last valid checkpoint; lines behind it are chained but not yet signed. */
  readonly signed_until: number;
  readonly fault: ChainFault | null;
  readonly head: ChainHead;
}

/** What a log is verified against. */
export interface VerifyOptions {
  /** SHA-256 over bytes, hex. Synchronous, because a million lines are hashed one after another. */
  readonly sha256: (bytes: Uint8Array) => string;
  /** `did:key` every checkpoint must be signed with; null accepts any one key throughout. */
  readonly key: string | null;
  /** The last head the daemon remembers; a log that ends before it was cut off. */
  readonly expected?: ChainHead | null;
}

/**
 * Walks the lines (oldest first, without line breaks) and stops at the first fault. Memory stays
 * flat: one line is held at a time.
 */
export async function verifyAuditChain(
  lines: AsyncIterable<Uint8Array>,
  options: VerifyOptions,
): Promise<ChainReport> {
  const text = new TextDecoder();
  let head = EMPTY_CHAIN;
  let count = 0;
  let checkpoints = 0;
  let signedUntil = 0;
  let key = options.key;
  const report = (fault: ChainFault | null): ChainReport => ({
    lines: count,
    checkpoints,
    signed_until: signedUntil,
    fault,
    head,
  });

  for await (const bytes of lines) {
    count++;
    const line = parseAuditLine(text.decode(bytes));
    if (line === null) {
      return report(
        fault(count, null, "not_json", "is not a JSON object with seq, event and prev"),
      );
    }
    if (line.seq !== head.seq + 1) {
      const what = line.seq > head.seq + 1
        ? `follows ${head.seq}: lines were removed`
        : `follows ${head.seq}: lines were inserted or reordered`;
      return report(
        fault(count, line.seq, "wrong_sequence", `has sequence number ${line.seq}, which ${what}`),
      );
    }
    if (line.prev !== head.hash) {
      return report(
        fault(
          count,
          line.seq,
          "wrong_hash",
          "does not continue the line before it: that line was changed",
        ),
      );
    }
    if (line.event === "checkpoint") {
      const signer = line.details?.key;
      const signature = line.details?.signature;
      if (typeof signer !== "string" || typeof signature !== "string") {
        return report(
          fault(count, line.seq, "missing_fields", "is a checkpoint without a signature"),
        );
      }
      key ??= signer;
      if (signer !== key) {
        return report(fault(count, line.seq, "foreign_key", "is signed with another key"));
      }
      if (!await verifySignature(signer, signature, head)) {
        return report(fault(count, line.seq, "bad_signature", "has a signature that does not fit"));
      }
      checkpoints++;
      signedUntil = line.seq;
    }
    head = { seq: line.seq, hash: options.sha256(bytes) };
  }

  const expected = options.expected ?? null;
  if (expected !== null && head.seq < expected.seq) {
    return report(
      fault(
        count,
        head.seq,
        "truncated",
        `is the last one, but ${expected.seq} lines were written: the end was cut off`,
      ),
    );
  }
  return report(null);
}

/** A line as written; null when it is not one. */
export function parseAuditLine(text: string): AuditLine | null {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof data !== "object" || data === null) return null;
  const { seq, timestamp, event, status, prev } = data as Record<string, unknown>;
  const fits = Number.isSafeInteger(seq) && typeof timestamp === "string" &&
    typeof event === "string" && typeof status === "string" && typeof prev === "string";
  return fits ? data as AuditLine : null;
}

async function verifySignature(did: string, signature: string, head: ChainHead): Promise<boolean> {
  const raw = publicKeyOf(did);
  if (raw === null) return false;
  try {
    const key = await crypto.subtle.importKey("raw", raw, "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify(
      "Ed25519",
      key,
      Uint8Array.fromBase64(signature),
      checkpointMessage(head),
    );
  } catch {
    return false;
  }
}

function fault(
  line: number,
  seq: number | null,
  problem: ChainFault["problem"],
  what: string,
): ChainFault {
  return { line, seq, problem, message: `Line ${line} ${what}` };
}
