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
import type { AuditEventName } from "./audit_events.ts";

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
