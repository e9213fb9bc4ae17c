/**
 * Proofs of possession: a vector made independently of our code, and a table of what is refused. The
 * portable verifier and the daemon's own must agree on every line.
 *
 * @module
 */
import { deepEqual, equal, rejects } from "node:assert/strict";
import { createHash, createPrivateKey, sign } from "node:crypto";
import { InvalidProofError } from "../../core/errors.ts";
import { createProof, type Proof, type ProvenRequest } from "../../core/proof.ts";
import { verifyProof } from "../../core/verify_proof.ts";
import { verifyProof as verifyInDaemon } from "../../daemon/middleware/verify_proof.ts";
import { newSigner } from "../daemon/support/test_daemon.ts";

type Verify = (header: string | undefined, request: ProvenRequest, now: Date) => Promise<Proof>;

const VERIFIERS: Readonly<Record<string, Verify>> = {
  "core": verifyProof,
  "daemon": (...args) => Promise.try(() => verifyInDaemon(...args)),
};

/**
 * Made by the reference implementation's algorithm with node:crypto alone: claims as JSON with sorted
 * keys and no spaces, header {"alg":"EdDSA","typ":"JWT"}, Ed25519 with the seed 000102…1f.
 */
const VECTOR = "PoP " +
  "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.eyJhdWQiOiJhdXRoc29tZS1kYWVtb24iLCJib2R5X3NoYTI1NiI" +
  "6ImRlN2U1Y2JlYjQ3MTg1ZjA4MDMwNDBiOWFmYzFlN2JkYzkyYTQ2YTkwODRhNTA1M2EyMWNmMWIyN2Y1OTY1OWQ" +
  "iLCJleHAiOjE3NzIzNjY0NjAsImh0bSI6IlBPU1QiLCJodHUiOiIvYXBpL2NyZWRlbnRpYWxzL3Jlc29sdmU_eD0" +
  "xIiwiaWF0IjoxNzcyMzY2NDAwLCJpc3MiOiJkaWQ6a2V5Ono2TWtlaFJnZjd5SmJnYUdmWXNkb0FzS2RCUEUzZGo" +
  "yQ1lob3dRZGNqcVNKZ3ZWZCIsImp0aSI6IjBiMGU3ZjllLTVkMmEtNGE1My05YzYxLTJmNGQ4YTdiM2MxMCIsInN" +
  "1YiI6ImNhbG0tcXVpZXRseS1zb2Z0bHktMDAwMSJ9.2c1x4PjWE5jpd0BxRszIKwAYyJyjq9JjT0hNNiIaGWePfC" +
  "kPEJ5tD49NqAhjqe41zALTASf9F5pV-K3y0N8rCw";
const VECTOR_REQUEST: ProvenRequest = {
  method: "POST",
  target: "/api/credentials/resolve?x=1",
  body: bytes('{"connection":"default","provider":"github"}'),
};
const NOW = new Date("2026-03-01T12:00:10Z");
const SEED_DID = "did:key:z6MkehRgf7yJbgaGfYsdoAsKdBPE3dj2CYhowQdcjqSJgvVd";

for (const [name, verify] of Object.entries(VERIFIERS)) {
  Deno.test(`verifyProof() (${name}) accepts a proof of the reference implementation's algorithm`, async () => {
    const proof = await verify(VECTOR, VECTOR_REQUEST, NOW);

    deepEqual(proof, {
      did: SEED_DID,
      subject: "calm-quietly-softly-0001",
      jti: "0b0e7f9e-5d2a-4a53-9c61-2f4d8a7b3c10",
      expires_at: new Date("2026-03-01T12:01:30Z"),
    });
  });

  Deno.test(`verifyProof() (${name}) accepts what createProof() makes`, async () => {
    const signer = await newSigner("calm-quietly-softly-0002");
    for (const body of [bytes(""), bytes("{}"), bytes("x".repeat(100_000))]) {
      const request = { method: "POST", target: "/api/x?y=%20z", body };

      const proof = await verify(await createProof(signer, request, NOW), request, NOW);

      equal(proof.did, signer.did);
      equal(proof.subject, signer.subject);
    }
  });

  Deno.test(`verifyProof() (${name}) refuses`, async (t) => {
    for (const { title, header, request = REQUEST, check } of await refusals()) {
      await t.step(title, async () => {
        await rejects(verify(header, request, NOW), (error) => {
          equal((error as Error).name, InvalidProofError.name);
          equal((error as Error).message, `Cannot accept the proof: ${check}`);
          return true;
        });
      });
    }
  });
}

interface Refusal {
  readonly title: string;
  readonly header: string | undefined;
  readonly request?: ProvenRequest;
  readonly check: string;
}

const REQUEST: ProvenRequest = { method: "POST", target: "/api/grants", body: bytes('{"a":1}') };
const FORM = "the Authorization header is not of the form PoP <jwt>";

/** Each spoils one thing of a proof that would be accepted. */
async function refusals(): Promise<Refusal[]> {
  const good = handmade({});
  const [header, payload, signature] = good.slice("PoP ".length).split(".") as [
    string,
    string,
    string,
  ];
  const other = await createProof(await newSigner("x"), REQUEST, NOW);
  const iat = Math.floor(NOW.getTime() / 1000);
  const flipped = signature.startsWith("A") ? `B${signature.slice(1)}` : `A${signature.slice(1)}`;
  return [
    { title: "no header", header: undefined, check: "the Authorization header is missing" },
    { title: "another scheme", header: good.replace("PoP", "Bearer"), check: FORM },
    { title: "the scheme in lower case", header: good.replace("PoP", "pop"), check: FORM },
    { title: "two spaces", header: good.replace("PoP ", "PoP  "), check: FORM },
    { title: "two parts", header: `PoP ${header}.${payload}`, check: FORM },
    {
      title: "an endless token",
      header: `PoP ${header}.${"A".repeat(5000)}.${signature}`,
      check: FORM,
    },
    { title: "a payload that is no JSON", header: `PoP ${header}.AAAA.${signature}`, check: "iss" },
    { title: "a payload that is a list", header: signed([1]), check: "iss" },
    { title: "no issuer", header: handmade({ iss: undefined }), check: "iss" },
    {
      title: "an issuer that is no did:key",
      header: handmade({ iss: "did:web:example.com" }),
      check: "iss is not an Ed25519 did:key",
    },
    {
      title: "a flipped bit in the signature",
      header: `PoP ${header}.${payload}.${flipped}`,
      check: "signature",
    },
    { title: "a short signature", header: `PoP ${header}.${payload}.AAAA`, check: "signature" },
    {
      title: "another key's signature",
      header: `PoP ${header}.${payload}.${other.split(".")[2]}`,
      check: "signature",
    },
    { title: "alg none", header: handmade({}, { alg: "none" }), check: "signature" },
    {
      title: "alg HS256 over the public key",
      header: handmade({}, { alg: "HS256" }),
      check: "signature",
    },
    {
      title: "a critical extension",
      header: handmade({}, { alg: "EdDSA", crit: ["b64"], b64: false }),
      check: "signature",
    },
    { title: "another audience", header: handmade({ aud: "somebody-else" }), check: "aud" },
    { title: "no audience", header: handmade({ aud: undefined }), check: "aud" },
    { title: "no expiry", header: handmade({ exp: undefined }), check: "iat or exp" },
    {
      title: "an expiry that is text",
      header: handmade({ exp: String(iat + 60) }),
      check: "iat or exp",
    },
    {
      title: "an expiry before the issue",
      header: handmade({ exp: iat - 1 }),
      check: "iat or exp",
    },
    {
      title: "a far expiry",
      header: handmade({ exp: iat + 301 }),
      check: "exp is too far from iat",
    },
    {
      title: "an expired proof",
      header: handmade({ iat: iat - 100, exp: iat - 30 }),
      check: "exp",
    },
    {
      title: "a clock a minute ahead",
      header: handmade({ iat: iat + 60, exp: iat + 120 }),
      check: "iat is in the future",
    },
    {
      title: "a proof for later",
      header: handmade({ nbf: iat + 100 }),
      check: "nbf",
    },
    { title: "another method", header: handmade({ htm: "GET" }), check: "htm" },
    { title: "another path", header: handmade({ htu: "/grants" }), check: "htu" },
    { title: "another query", header: handmade({ htu: "/api/grants?x=1" }), check: "htu" },
    {
      title: "a path with an origin",
      header: handmade({ htu: "http://127.0.0.1:7998/api/grants" }),
      check: "htu",
    },
    {
      title: "another body",
      header: good,
      request: { ...REQUEST, body: bytes('{"a":2}') },
      check: "body_sha256",
    },
    { title: "no subject", header: handmade({ sub: "" }), check: "sub" },
    { title: "no jti", header: handmade({ jti: undefined }), check: "jti" },
    { title: "a short jti", header: handmade({ jti: "1234567" }), check: "jti" },
  ];
}

Deno.test("verifyProof() accepts a clock that is half a minute off in either direction", async () => {
  const iat = Math.floor(NOW.getTime() / 1000);
  for (const times of [{ iat: iat + 29, exp: iat + 89 }, { iat: iat - 89, exp: iat - 29 }]) {
    for (const verify of Object.values(VERIFIERS)) await verify(handmade(times), REQUEST, NOW);
  }
});

/** A proof for `REQUEST` with the seed's key, some claims changed; our own code has no part in it. */
function handmade(
  changes: Record<string, unknown>,
  header: object = { alg: "EdDSA", typ: "JWT" },
): string {
  const iat = Math.floor(NOW.getTime() / 1000);
  return signed({
    aud: "authsome-daemon",
    body_sha256: createHash("sha256").update(REQUEST.body).digest("hex"),
    exp: iat + 60,
    htm: REQUEST.method,
    htu: REQUEST.target,
    iat,
    iss: SEED_DID,
    jti: "0b0e7f9e-5d2a-4a53-9c61-2f4d8a7b3c10",
    sub: "calm-quietly-softly-0001",
    ...changes,
  }, header);
}

function signed(claims: unknown, header: object = { alg: "EdDSA", typ: "JWT" }): string {
  const part = (data: unknown) =>
    btoa(JSON.stringify(data)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  const input = `${part(header)}.${part(claims)}`;
  const seed = Uint8Array.from({ length: 32 }, (_, n) => n);
  const x = "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg";
  const d = seed.toBase64({ alphabet: "base64url", omitPadding: true });
  const key = createPrivateKey({ key: { kty: "OKP", crv: "Ed25519", x, d }, format: "jwk" });
  const signature = new Uint8Array(sign(null, bytes(input), key));
  return `PoP ${input}.${signature.toBase64({ alphabet: "base64url", omitPadding: true })}`;
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
