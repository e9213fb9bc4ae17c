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
import { decodeJwt, jwtVerify, SignJWT } from "@panva/jose";
import { publicKeyOf } from "./did_key.ts";
import { InvalidProofError } from "./errors.ts";

/** `aud` of every proof. */
export const PROOF_AUDIENCE = "authsome-daemon";
/** Longest accepted `exp − iat`, in seconds. */
export const MAX_PROOF_LIFETIME_SECONDS = 300;
/** How far clocks may differ, in seconds. */
export const CLOCK_SKEW_SECONDS = 30;
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

/** What a proof says once it is verified. */
export interface Proof {
  readonly did: string;
  readonly subject: string;
  readonly jti: string;
  /** Until when the `jti` must be remembered. */
  readonly expires_at: Date;
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
  if (authorization === undefined) throw invalid("the Authorization header is missing");
  const token = /^PoP ([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)$/.exec(authorization)?.[1];
  if (token === undefined || token.length > 4096) {
    throw invalid("the Authorization header is not of the form PoP <jwt>");
  }
  const did = issuerOf(token);
  const claims = await verifySignature(token, did, now);

  const { sub, jti, iat, exp, htm, htu, body_sha256 } = claims;
  if (typeof iat !== "number" || typeof exp !== "number" || exp <= iat) {
    throw invalid("iat or exp");
  }
  if (exp - iat > MAX_PROOF_LIFETIME_SECONDS) throw invalid("exp is too far from iat");
  if (iat > now.getTime() / 1000 + CLOCK_SKEW_SECONDS) throw invalid("iat is in the future");
  if (htm !== request.method) throw invalid("htm");
  if (htu !== request.target) throw invalid("htu");
  if (body_sha256 !== await sha256Hex(request.body)) throw invalid("body_sha256");
  if (typeof sub !== "string" || sub === "" || sub.length > 200) throw invalid("sub");
  if (typeof jti !== "string" || jti.length < 8 || jti.length > 200) throw invalid("jti");
  return {
    did,
    subject: sub,
    jti,
    expires_at: new Date((exp + CLOCK_SKEW_SECONDS) * 1000),
  };
}

function issuerOf(token: string): string {
  try {
    const { iss } = decodeJwt(token);
    if (typeof iss === "string") return iss;
  } catch { /* said below */ }
  throw invalid("iss");
}

async function verifySignature(
  token: string,
  did: string,
  now: Date,
): Promise<Record<string, unknown>> {
  const key = await importDid(did);
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: ["EdDSA"],
      audience: PROOF_AUDIENCE,
      clockTolerance: CLOCK_SKEW_SECONDS,
      currentDate: now,
    });
    return payload;
  } catch (cause) {
    const code = (cause as { code?: unknown }).code;
    const claim = (cause as { claim?: unknown }).claim;
    if (code === "ERR_JWT_EXPIRED") throw invalid("exp");
    throw invalid(typeof claim === "string" ? claim : "signature");
  }
}

const keys = new Map<string, CryptoKey>();

/** The public key of a did:key; the few that were used last are kept imported. */
async function importDid(did: string): Promise<CryptoKey> {
  const known = keys.get(did);
  if (known !== undefined) return known;
  const raw = publicKeyOf(did);
  if (raw === null) throw invalid("iss is not an Ed25519 did:key");
  let key: CryptoKey;
  try {
    key = await crypto.subtle.importKey("raw", raw, "Ed25519", true, ["verify"]);
  } catch {
    throw invalid("iss is not an Ed25519 did:key");
  }
  if (keys.size >= 64) keys.delete(keys.keys().next().value!);
  keys.set(did, key);
  return key;
}

async function sha256Hex(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as BufferSource));
  // Not toHex(): clients run in Node.js 20, too.
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function invalid(check: string): InvalidProofError {
  return new InvalidProofError(`Cannot accept the proof: ${check}`);
}
