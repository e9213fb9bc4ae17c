/**
 * Verifying a proof of possession wherever WebCrypto is; the daemon has a quicker way of its own.
 *
 * @module
 */
import { compactVerify, decodeJwt } from "@panva/jose";
import { publicKeyOf } from "./did_key.ts";
import type { ProvenRequest } from "./proof.ts";
import { invalidProof, type Proof, proofToken, readProofClaims } from "./proof_claims.ts";
import { sha256Hex } from "./sha256.ts";

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
