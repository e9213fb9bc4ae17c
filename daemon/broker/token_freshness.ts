/**
 * Whether a token may be used as it is, should be refreshed soon, or must be refreshed first.
 *
 * @module
 */
import type { Connection } from "../../core/connection.ts";

/** `fresh`: use it. `due`: use it, and refresh. `stale`: refresh before anything else. */
export type Freshness = "fresh" | "due" | "stale";

/** What freshness is judged by. */
export interface FreshnessRule {
  readonly now: Date;
  /** Tokens are refreshed this many seconds before they expire. */
  readonly windowSeconds: number;
  /** The provider refused the token that was in use at this time; null: no word of that. */
  readonly rejectedAt: Date | null;
}

/** Below this many seconds a token could expire on its way: it counts as expired. */
const SAFETY_SECONDS = 5;
/** Clocks are corrected by so much all the time. */
const CLOCK_TOLERANCE_SECONDS = 60;

/** Judges a connection's access token. One without a known expiry is fresh until it is refused. */
export function freshness(connection: Connection, rule: FreshnessRule): Freshness {
  const { expires_at, obtained_at } = connection;
  const { now, windowSeconds, rejectedAt } = rule;
  // A clock that was set back: nothing can be told from when the token was obtained.
  const isFromTheFuture = obtained_at > now;
  // A refusal of the token before this one says nothing about this one.
  if (rejectedAt !== null && (obtained_at <= rejectedAt || isFromTheFuture)) return "stale";
  if (expires_at === null) return "fresh";
  const left = (expires_at.getTime() - now.getTime()) / 1000;
  const lifetime = Math.max(0, (expires_at.getTime() - obtained_at.getTime()) / 1000);
  // Of a token that lives shorter than the window a fifth is the window: else it would be refreshed
  // for every request.
  const window = Math.min(windowSeconds, lifetime / 5);
  if (left <= Math.min(SAFETY_SECONDS, window)) return "stale";
  // It would last longer than it ever did: its expiry is by a clock that is not there any more.
  if (isFromTheFuture && left > lifetime + CLOCK_TOLERANCE_SECONDS) return "due";
  return left <= window ? "due" : "fresh";
}
