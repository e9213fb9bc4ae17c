/**
 * Entries of the audit log as they are written. A daemon that stops is waited for and found again, and
 * never started: whoever looks on changes nothing.
 *
 * @module
 */
import type { AuditFilter } from "../core/api.ts";
import type { AuditLine } from "../core/audit_chain.ts";
import type { Settings } from "../core/config.ts";
import { DaemonUnavailableError } from "../core/errors.ts";
import { homePaths } from "../core/paths.ts";
import { pause } from "../core/pause.ts";
import { DaemonClient } from "../client/daemon_client.ts";
import { baseUrlOf } from "../client/daemon_state.ts";
import { findDaemon } from "../client/find_daemon.ts";
import { loadSigner } from "../client/identity.ts";

const PAGE = 500;
const FOLLOW_MS = 1000;

/** What is followed. */
export interface FollowOptions {
  readonly filter: AuditFilter;
  /** Sequence number of the last entry that is known. */
  readonly from: number;
  /** Called each time the daemon goes away. */
  readonly away: () => void;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Time between two looks, in milliseconds. */
  readonly pollMs?: number;
}

/** What is written behind `from`, oldest first, some entries at a time, until `signal` aborts. */
export async function* followAudit(
  client: DaemonClient,
  settings: Settings,
  { filter, from, away, signal, pollMs = FOLLOW_MS }: FollowOptions,
): AsyncGenerator<readonly AuditLine[]> {
  let current: DaemonClient | null = client;
  let last = from;
  let isAway = false;
  try {
    for (; !signal.aborted; await pause(pollMs, signal)) {
      current ??= await findAgain(settings);
      if (current === null) continue;
      try {
        const fresh = await readAfter(current, filter, last);
        isAway = false;
        if (fresh.length === 0) continue;
        last = fresh.at(-1)!.seq;
        yield fresh;
      } catch (error) {
        if (!(error instanceof DaemonUnavailableError)) throw error;
        if (!isAway) away();
        isAway = true;
        current.close();
        current = null;
      }
    }
  } finally {
    current?.close();
  }
}

/** A client of the daemon that runs now; null where none does. */
async function findAgain(settings: Settings): Promise<DaemonClient | null> {
  const signer = await loadSigner(settings);
  if (signer === null) return null;
  if (settings.daemonUrl !== null) return new DaemonClient({ baseUrl: settings.daemonUrl, signer });
  const found = await findDaemon(homePaths(settings.home));
  // One that must be started anew can still be read from.
  if (found.type !== "usable" && found.type !== "unfit") return null;
  return new DaemonClient({ baseUrl: baseUrlOf(found.state), signer });
}

/** Everything behind entry `seq`, oldest first. */
async function readAfter(
  client: DaemonClient,
  filter: AuditFilter,
  seq: number,
): Promise<AuditLine[]> {
  const entries: AuditLine[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.auditEvents({ ...filter, limit: PAGE, cursor });
    entries.push(...page.entries.filter((entry) => entry.seq > seq));
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined && Number(cursor) > seq);
  return entries.reverse();
}
