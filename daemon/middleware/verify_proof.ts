/**
 * Verifies proofs of possession for the daemon: the same answers as `verifyProof` in `core/proof.ts`
 * (one table test holds both to them), at a third of its time. Every request pays for this, and the
 * asynchronous WebCrypto costs more in waking threads than in mathematics.
 *
 * JWS compact serialization (RFC 7515), EdDSA over Ed25519 (RFC 8037). Not implemented: any other
 * algorithm, `crit`, `b64`; a header that names one is refused.
 *
 * @module
 */
import { createPublicKey, hash, type KeyObject, verify } from "node:crypto";
import { publicKeyOf } from "../../core/did_key.ts";
import type { ProvenRequest } from "../../core/proof.ts";
import { invalidProof, type Proof, proofToken, readProofClaims } from "../../core/proof_claims.ts";

/** `{"alg":"EdDSA","typ":"JWT"}`, what nearly every proof begins with: not parsed again. */
const USUAL_HEADER = btoa('{"alg":"EdDSA","typ":"JWT"}');
const EMPTY_SHA256 = sha256Hex(new Uint8Array());
const SIGNATURE_BYTES = 64;
const decoder = new TextDecoder("utf-8", { fatal: true });
const encoder = new TextEncoder();

/**
 * The proof in an `Authorization` header, checked against the request.
 *
 * @throws {InvalidProofError} naming the check that failed, nothing more.
 */
export function verifyProof(
  authorization: string | undefined,
  { method, target, body }: ProvenRequest,
  now: Date,
): Proof {
  const { claims, did } = readSigned(authorization);
  const body_sha256 = body.length === 0 ? EMPTY_SHA256 : sha256Hex(body);
  return readProofClaims(claims, did, { method, target, body_sha256 }, now);
}

/**
 * Who sends a request whose body was not read yet. Worth nothing for the request itself: whoever took
 * a proof from another request's header could put another body behind it.
 *
 * @throws {InvalidProofError} naming the check that failed, nothing more.
 */
export function verifySender(
  authorization: string | undefined,
  { method, target }: Omit<ProvenRequest, "body">,
  now: Date,
): Proof {
  const { claims, did } = readSigned(authorization);
  const body_sha256 = String(claims["body_sha256"]);
  return readProofClaims(claims, did, { method, target, body_sha256 }, now);
}

/** The claims of a proof whose signature holds, and the key that signed. */
function readSigned(
  authorization: string | undefined,
): { readonly claims: Record<string, unknown>; readonly did: string } {
  const token = proofToken(authorization);
  const [header, payload, signature] = token.split(".") as [string, string, string];
  if (header !== USUAL_HEADER && !isKnownHeader(header)) throw invalidProof("signature");
  const claims = parseObject(payload);
  const did = claims?.["iss"];
  if (claims === null || typeof did !== "string") throw invalidProof("iss");

  const key = publicKeyFor(did);
  const signed = encoder.encode(`${header}.${payload}`);
  if (!isSignedBy(key, signed, signature)) throw invalidProof("signature");
  remember(did, key);
  return { claims, did };
}

function isKnownHeader(text: string): boolean {
  const header = parseObject(text);
  return header?.["alg"] === "EdDSA" && header["crit"] === undefined &&
    header["b64"] === undefined;
}

function isSignedBy(key: KeyObject, signed: Uint8Array, text: string): boolean {
  const signature = decode(text);
  return signature?.length === SIGNATURE_BYTES && verify(null, signed, key, signature);
}

/** The JSON object in a base64url part; null for anything else. */
function parseObject(part: string): Record<string, unknown> | null {
  const bytes = decode(part);
  if (bytes === null) return null;
  try {
    const data: unknown = JSON.parse(decoder.decode(bytes));
    return typeof data === "object" && data !== null && !Array.isArray(data)
      ? data as Record<string, unknown>
      : null;
  } catch {
    return null;
  }
}

function decode(part: string): Uint8Array | null {
  try {
    return Uint8Array.fromBase64(part, { alphabet: "base64url" });
  } catch {
    return null;
  }
}

const keys = new Map<string, KeyObject>();
const KEYS_KEPT = 64;

function publicKeyFor(did: string): KeyObject {
  const known = keys.get(did);
  if (known !== undefined) return known;
  const raw = publicKeyOf(did);
  if (raw === null) throw invalidProof("iss is not an Ed25519 did:key");
  try {
    const x = raw.toBase64({ alphabet: "base64url", omitPadding: true });
    return createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  } catch {
    throw invalidProof("iss is not an Ed25519 did:key");
  }
}

/** Keeps the key of a proof that verified: what a stranger sends pushes nobody's out. */
function remember(did: string, key: KeyObject): void {
  if (keys.has(did)) return;
  if (keys.size >= KEYS_KEPT) keys.delete(keys.keys().next().value!);
  keys.set(did, key);
}

function sha256Hex(bytes: Uint8Array): string {
  return hash("sha256", bytes, "hex");
}
