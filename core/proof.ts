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
import { compactVerify, decodeJwt, SignJWT } from "@panva/jose";
import { publicKeyOf } from "./did_key.ts";
import {
  invalidProof,
  type Proof,
  PROOF_AUDIENCE,
  proofToken,
  readProofClaims,
} from "./proof_claims.ts";
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

/** Who signs. */
export interface Signer {
  /** Handle of an owner identity, or grant id of a run identity. */
  readonly subject: string;
  readonly did: string;
  readonly privateKey: CryptoKey;
}

/** The value of the `Authorization` header that proves `request` at `now`. */
export async function createProof(
  signer: Signer,
  request: ProvenRequest,
  now: Date,
): Promise<string> {
  const iat = Math.floor(now.getTime() / 1000);
  const jwt = await new SignJWT({
    iss: signer.did,
    sub: signer.subject,
    aud: PROOF_AUDIENCE,
    iat,
    exp: iat + PROOF_LIFETIME_SECONDS,
    jti: crypto.randomUUID(),
    htm: request.method,
    htu: request.target,
    body_sha256: await sha256Hex(request.body),
  }).setProtectedHeader({ alg: "EdDSA", typ: "JWT" }).sign(signer.privateKey);
  return `PoP ${jwt}`;
}

/**
 * The proof in an `Authorization` header, checked against the request: signature, audience, times,
 * method, target and body. Not checked here: whether the identity is known, and whether the `jti`
 * was seen before.
 *
 * @throws {InvalidProofError} naming the check that failed, nothing more.
 */
export async function verifyProof(
  authorization: string | undefined,
  request: ProvenRequest,
  now: Date,
): Promise<Proof> {
  const token = proofToken(authorization);
  const did = issuerOf(token);
  const claims = await verifiedClaims(token, did);
  const { method, target, body } = request;
  return readProofClaims(claims, did, { method, target, body_sha256: await sha256Hex(body) }, now);
}

function issuerOf(token: string): string {
  try {
    const { iss } = decodeJwt(token);
    if (typeof iss === "string") return iss;
  } catch { /* said below */ }
  throw invalidProof("iss");
}

async function verifiedClaims(token: string, did: string): Promise<Record<string, unknown>> {
  const key = await importDid(did);
  try {
    const { protectedHeader } = await compactVerify(token, key, { algorithms: ["EdDSA"] });
    // RFC 7797 section 7: a JWT's payload is always encoded.
    if (protectedHeader.crit === undefined) return decodeJwt(token);
  } catch { /* said below */ }
  throw invalidProof("signature");
}

const keys = new Map<string, CryptoKey>();

/** The public key of a did:key; the few that were used last are kept imported. */
async function importDid(did: string): Promise<CryptoKey> {
  const known = keys.get(did);
  if (known !== undefined) return known;
  const raw = publicKeyOf(did);
  if (raw === null) throw invalidProof("iss is not an Ed25519 did:key");
  let key: CryptoKey;
  try {
    key = await crypto.subtle.importKey("raw", raw, "Ed25519", true, ["verify"]);
  } catch {
    throw invalidProof("iss is not an Ed25519 did:key");
  }
  if (keys.size >= 64) keys.delete(keys.keys().next().value!);
  keys.set(did, key);
  return key;
}
