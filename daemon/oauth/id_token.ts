/**
 * The claims of an ID token (OpenID Connect Core 1.0 section 3.1.3.7), used for the account's name
 * and against code injection (nonce), never as a credential.
 *
 * Not implemented: the signature. The token comes straight from the token endpoint over TLS that was
 * checked end to end, which section 3.1.3.7 item 6 takes in its place.
 *
 * @module
 */
import type { JWTPayload } from "@panva/jose";
// The one file that is needed: the whole library is sixty.
import { decodeJwt } from "@panva/jose/jwt/decode";
import { AuthorizationResponseError } from "../../core/errors.ts";
import type { Secret } from "../../core/secret.ts";

/** What the claims are held against. */
export interface ExpectedClaims {
  readonly provider: string;
  readonly client_id: string;
  /** null where it is not known. */
  readonly issuer: string | null;
  /** null where none was sent. */
  readonly nonce: string | null;
  readonly now: Date;
}

/** Clocks differ; this is not a credential. */
const TOLERANCE_SECONDS = 300;

/**
 * Reads and checks an ID token.
 *
 * @throws {AuthorizationResponseError} naming the claim that does not fit.
 */
export function readIdToken(id_token: Secret, expected: ExpectedClaims): JWTPayload {
  const fail = (problem: string) =>
    new AuthorizationResponseError(
      `Cannot log in to ${expected.provider}: the ID token ${problem}`,
      { provider: expected.provider, operation: "login" },
    );
  let claims: JWTPayload;
  try {
    claims = decodeJwt(id_token.reveal());
  } catch {
    throw fail("cannot be read");
  }
  const audience = Array.isArray(claims.aud) ? claims.aud : [claims.aud];
  if (!audience.includes(expected.client_id)) throw fail("is for another client");
  if (expected.issuer !== null && claims.iss !== expected.issuer) {
    throw fail("comes from another issuer");
  }
  if (expected.nonce !== null && claims["nonce"] !== expected.nonce) {
    throw fail("belongs to another login: its nonce is not ours");
  }
  const now = expected.now.getTime() / 1000;
  if (claims.exp !== undefined && claims.exp + TOLERANCE_SECONDS < now) throw fail("has expired");
  return claims;
}
