/**
 * Proof of possession: one signed JWT (RFC 7519, EdDSA per RFC 8037) for each request.
 *
 * Claims are the reference implementation's: `iss` (did:key), `sub` (handle, or grant id for a run
 * identity), `aud`, `iat`, `exp`, `jti`, `htm`, `htu` (path and query, no origin) and `body_sha256`
 * (hex). This is not DPoP (RFC 9449): the key is an identity's, there is no access token, and the
 * body is covered.
 *
 * @module
 */
import { toBase64Url } from "./base64url.ts";
import { PROOF_AUDIENCE } from "./proof_claims.ts";
import { sha256Hex } from "./sha256.ts";

export { CLOCK_SKEW_SECONDS, MAX_PROOF_LIFETIME_SECONDS, PROOF_AUDIENCE } from "./proof_claims.ts";
export type { Proof } from "./proof_claims.ts";

/** `exp − iat` of the proofs made here, in seconds. */
export const PROOF_LIFETIME_SECONDS = 60;

/** The request a proof is for. */
export interface ProvenRequest {
  /** Upper case. */
  readonly method: string;
  /** Path with its query, as sent: `/api/connections?x=1`. */
  readonly target: string;
  /** Raw body bytes, empty for none. */
  readonly body: Uint8Array;
}

/** Signs with a key that it shows to nobody: Ed25519 (RFC 8032). */
export type SignMessage = (message: Uint8Array) => Uint8Array | Promise<Uint8Array>;

/** Who signs. */
export interface Signer {
  /** Handle of an owner identity, or grant id of a run identity. */
  readonly subject: string;
  readonly did: string;
  readonly privateKey: CryptoKey | SignMessage;
}

/** RFC 7515 section 4: the algorithm by its RFC 8037 name. */
const HEADER = base64Url(JSON.stringify({ alg: "EdDSA", typ: "JWT" }));

/**
 * The value of the `Authorization` header that proves `request` at `now`.
 *
 * Signed here and not by jose: one signature of one fixed form, made by every command, and the
 * library takes longer to load than the rest of a request.
 */
export async function createProof(
  signer: Signer,
  request: ProvenRequest,
  now: Date,
): Promise<string> {
  const iat = Math.floor(now.getTime() / 1000);
  const claims = base64Url(JSON.stringify({
    iss: signer.did,
    sub: signer.subject,
    aud: PROOF_AUDIENCE,
    iat,
    exp: iat + PROOF_LIFETIME_SECONDS,
    jti: crypto.randomUUID(),
    htm: request.method,
    htu: request.target,
    body_sha256: await sha256Hex(request.body),
  }));
  // RFC 7515 section 5.1: the signature covers both parts as they are sent.
  const signed = new TextEncoder().encode(`${HEADER}.${claims}`);
  const { privateKey } = signer;
  const signature = typeof privateKey === "function"
    ? await privateKey(signed)
    : new Uint8Array(await crypto.subtle.sign("Ed25519", privateKey, signed));
  return `PoP ${HEADER}.${claims}.${toBase64Url(signature)}`;
}

function base64Url(text: string): string {
  return toBase64Url(new TextEncoder().encode(text));
}
