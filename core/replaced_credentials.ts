/**
 * What was put in the place of credentials that a server refused: a server that refuses that, too,
 * does not dislike the credential, and a program that goes on asking must not have its tokens renewed
 * as fast as it asks.
 *
 * @module
 */
import type { ResolvedCredential } from "./api.ts";

/** What is refused within this time after it replaced another is not replaced itself. */
const REFUSED_AGAIN_MS = 60_000;

/** Tells one credential of a connection from another. */
type Mark = Pick<ResolvedCredential, "provider" | "connection" | "obtained_at">;

interface Replacement {
  readonly obtainedAt: string;
  /** In milliseconds. */
  readonly at: number;
}

/**
 * The replacements of the last minute, by connection. Not by host: a wildcard has as many of them as a
 * program likes to make up, and each would have the token renewed once more.
 */
export class ReplacedCredentials {
  readonly #replacements = new Map<string, Replacement>();

  /** Notes that `fresh` is used from `now` on, in milliseconds. */
  note(fresh: Mark, now: number): void {
    const key = keyOf(fresh);
    this.#replacements.delete(key);
    this.#replacements.set(key, { obtainedAt: fresh.obtained_at, at: now });
    // The oldest are first.
    for (const [oldest, replacement] of this.#replacements) {
      if (isRecent(replacement, now)) break;
      this.#replacements.delete(oldest);
    }
  }

  /** Whether `refused` was put in the place of another credential a moment ago. */
  isRefusedAgain(refused: Mark, now: number): boolean {
    const kept = this.#replacements.get(keyOf(refused));
    return kept?.obtainedAt === refused.obtained_at && isRecent(kept, now);
  }
}

function keyOf({ provider, connection }: Mark): string {
  return `${provider}/${connection}`;
}

/** The clock may be set back. */
function isRecent({ at }: Replacement, now: number): boolean {
  return Math.abs(now - at) < REFUSED_AGAIN_MS;
}
