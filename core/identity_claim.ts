/**
 * A claim: an identity of another machine (a container, say) asks the daemon's owner to be let in. The
 * owner compares the fingerprint and types the code. What is let in may run programs with the
 * owner's connections, and nothing else.
 *
 * @module
 */
import type { GrantScope } from "./grant.ts";
import { sha256Hex } from "./sha256.ts";

/** `POST /identities/claims`, signed by the key that asks. */
export interface CreateClaimRequest {
  readonly handle: string;
  readonly did: string;
}

/** What has become of it. */
export type ClaimStatus = "pending" | "accepted" | "refused" | "expired";

/** A claim. */
export interface IdentityClaim {
  /** `XXXX-XXXX`; works once. */
  readonly code: string;
  readonly handle: string;
  readonly did: string;
  readonly status: ClaimStatus;
  readonly created_at: string;
  readonly expires_at: string;
}

/** `GET /identities/claims`: those that wait. */
export interface ClaimList {
  readonly claims: readonly IdentityClaim[];
}

/** `POST /identities/claims/{code}/accept`. */
export interface AcceptClaimRequest {
  /** What its runs may use at most; left out: every connection. */
  readonly only?: readonly GrantScope[] | null | undefined;
}

/** Answer of `DELETE /identities/{handle}`. */
export interface RemovedIdentity {
  readonly status: "removed";
  readonly handle: string;
  /** How many of its runs were ended. */
  readonly runs_ended: number;
}

/** Letters of a code: no vowels, so no words, and nothing that looks like another (RFC 8628 section 6.1). */
export const CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ";
const CODE_LENGTH = 8;

/** A code as it was typed, in its one spelling; null when it cannot be one. */
export function readClaimCode(text: string): string | null {
  const letters = text.toUpperCase().replace(/[\s-]/g, "");
  if (letters.length !== CODE_LENGTH) return null;
  if ([...letters].some((letter) => !CODE_LETTERS.includes(letter))) return null;
  return `${letters.slice(0, 4)}-${letters.slice(4)}`;
}

/**
 * What two people read to each other: 64 bits of the key's hash. Both sides work it out from the key
 * itself, so that nobody in between can say another one.
 */
export async function fingerprintOf(did: string): Promise<string> {
  const hex = await sha256Hex(new TextEncoder().encode(did));
  return hex.slice(0, 16).match(/.{4}/g)!.join(" ");
}
