/**
 * The claims of a proof of possession, held against the request they are for. Both verifiers use
 * this: the portable one in `proof.ts` and the daemon's own.
 *
 * @module
 */
import { InvalidProofError } from "./errors.ts";

/** `aud` of every proof. */
export const PROOF_AUDIENCE = "authsome-daemon";
/** Longest accepted `exp − iat`, in seconds. */
export const MAX_PROOF_LIFETIME_SECONDS = 300;
/** How far clocks may differ, in seconds. */
export const CLOCK_SKEW_SECONDS = 30;

/** What a proof says once it is verified. */
export interface Proof {
  readonly did: string;
  readonly subject: string;
  readonly jti: string;
  /** Until when the `jti` must be remembered. */
  readonly expires_at: Date;
}

/** The request a proof was sent with, its body hashed. */
export interface HashedRequest {
  readonly method: string;
  readonly target: string;
  /** Hex of SHA-256 over the raw body bytes. */
  readonly body_sha256: string;
}

/**
 * The JWT of a `PoP` authorization header.
 *
 * @throws {InvalidProofError} when the header is missing or of another form.
 */
export function proofToken(authorization: string | undefined): string {
  if (authorization === undefined) throw invalidProof("the Authorization header is missing");
  const token = /^PoP ([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)$/.exec(authorization)?.[1];
  if (token === undefined || token.length > 4096) {
    throw invalidProof("the Authorization header is not of the form PoP <jwt>");
  }
  return token;
}

/**
 * The proof that the claims make for `request`. Their signature, by the key of `did`, is the caller's
 * to check first.
 *
 * @throws {InvalidProofError} naming the check that failed, nothing more.
 */
export function readProofClaims(
  claims: Readonly<Record<string, unknown>>,
  did: string,
  request: HashedRequest,
  now: Date,
): Proof {
  const { iss, sub, aud, jti, iat, nbf, exp, htm, htu, body_sha256 } = claims;
  const seconds = now.getTime() / 1000;
  if (iss !== did) throw invalidProof("iss");
  if (aud !== PROOF_AUDIENCE) throw invalidProof("aud");
  if (!Number.isFinite(iat) || !Number.isFinite(exp)) throw invalidProof("iat or exp");
  const [issued, expires] = [iat as number, exp as number];
  if (expires <= issued) throw invalidProof("iat or exp");
  if (expires - issued > MAX_PROOF_LIFETIME_SECONDS) throw invalidProof("exp is too far from iat");
  if (issued > seconds + CLOCK_SKEW_SECONDS) throw invalidProof("iat is in the future");
  if (expires + CLOCK_SKEW_SECONDS <= seconds) throw invalidProof("exp");
  if (nbf !== undefined && !(Number(nbf) <= seconds + CLOCK_SKEW_SECONDS)) {
    throw invalidProof("nbf");
  }
  if (htm !== request.method) throw invalidProof("htm");
  if (htu !== request.target) throw invalidProof("htu");
  if (body_sha256 !== request.body_sha256) throw invalidProof("body_sha256");
  if (typeof sub !== "string" || sub === "" || sub.length > 200) throw invalidProof("sub");
  if (typeof jti !== "string" || jti.length < 8 || jti.length > 200) throw invalidProof("jti");
  return {
    did,
    subject: sub,
    jti,
    expires_at: new Date((expires + CLOCK_SKEW_SECONDS) * 1000),
  };
}

/** `Cannot accept the proof: ` and the check that failed. */
export function invalidProof(check: string): InvalidProofError {
  return new InvalidProofError(`Cannot accept the proof: ${check}`);
}
