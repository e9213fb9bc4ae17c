/**
 * Invariant: a proof works once.
 *
 * The attack: whoever sees a request (a debugging proxy, a log, a core dump) sends it again, at once,
 * on another route, or after the daemon was restarted, and gets the same answer.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { createProof, type Signer } from "../../core/proof.ts";
import { MemoryVault } from "../../daemon/vault/memory_vault.ts";
import {
  CANARY,
  type Client,
  grantRun,
  logIn,
  newSigner,
  openTestDaemon,
  registerOwner,
  type TestDaemon,
} from "../daemon/support/test_daemon.ts";

const TARGET = "/api/connections/acme/default?show_secrets=true";

Deno.test("a request that was captured is refused the second time", async () => {
  const daemon = await openTestDaemon();
  const captured = await capture(daemon, await ownerWithKey(daemon));

  const first = await daemon.request(TARGET, captured);
  const second = await daemon.request(TARGET, captured);

  equal((await first.text()).includes(CANARY), true);
  equal(second.status, 401);
  equal(
    (await second.json()).message,
    "Cannot accept the proof: it was used before",
  );
  await daemon.stop();
});

Deno.test("of twenty copies sent at once, one is answered", async () => {
  const daemon = await openTestDaemon();
  const captured = await capture(daemon, await ownerWithKey(daemon));

  const answers = await Promise.all(
    Array.from({ length: 20 }, () => daemon.request(TARGET, captured)),
  );

  equal(answers.filter((answer) => answer.status === 200).length, 1);
  await daemon.stop();
});

Deno.test("a proof of one request opens no other", async () => {
  const daemon = await openTestDaemon();
  const captured = await capture(daemon, await ownerWithKey(daemon));

  const statuses = await Promise.all([
    daemon.request("/api/connections", captured),
    daemon.request(TARGET.replace("/api", ""), captured),
    daemon.request(TARGET, { ...captured, method: "DELETE" }),
    daemon.request(TARGET.replace("true", "false"), captured),
    daemon.request("/api/connections/acme/default", captured),
  ].map(async (answer) => (await answer).status));

  deepEqual(statuses, [401, 401, 401, 401, 401]);
  await daemon.stop();
});

Deno.test("a proof of one body sends no other", async () => {
  const daemon = await openTestDaemon();
  const owner = await ownerWithKey(daemon);
  const encode = (text: string) => new TextEncoder().encode(text);
  const target = "/api/credentials/export";
  const proven = { method: "POST", target, body: encode('{"provider":"strict"}') };
  const authorization = await createProof(owner.signer, proven, daemon.clock.now);

  for (const body of ['{"provider":"acme"}', '{"provider":"strict"} ', "{}", ""]) {
    const response = await daemon.request(target, {
      method: "POST",
      headers: { authorization, "content-type": "application/json" },
      ...(body === "" ? {} : { body: encode(body) }),
    });

    equal(response.status, 401, body);
    equal((await response.json()).message, "Cannot accept the proof: body_sha256");
  }
  await daemon.stop();
});

Deno.test("a proof made a minute ahead is refused, one of a clock that is a minute late is not", async (t) => {
  const daemon = await openTestDaemon();
  const owner = await ownerWithKey(daemon);
  const send = async (offsetSeconds: number) => {
    const made = new Date(daemon.clock.now.getTime() + offsetSeconds * 1000);
    const request = { method: "GET", target: "/api/whoami", body: new Uint8Array() };
    const authorization = await createProof(owner.signer, request, made);
    const response = await daemon.request("/api/whoami", { headers: { authorization } });
    return [response.status, (await response.json()).message ?? null];
  };
  const rows: Record<string, [number, number, string | null]> = {
    "a clock a minute ahead": [60, 401, "Cannot accept the proof: iat is in the future"],
    "a clock half a minute ahead": [30, 200, null],
    // A proof of ours lives a minute, and half a minute is forgiven.
    "a clock a minute behind": [-60, 200, null],
    "a clock two minutes behind": [-120, 401, "Cannot accept the proof: exp"],
  };
  for (const [title, [offset, ...expected]] of Object.entries(rows)) {
    await t.step(title, async () => deepEqual(await send(offset), expected));
  }
  await daemon.stop();
});

Deno.test("a stranger's proofs take no room in the memory of used ones", async () => {
  const daemon = await openTestDaemon();
  const before = daemon.replay.size;

  for (let i = 0; i < 50; i++) {
    const stranger = await newSigner(`stranger-${i}`);
    const request = { method: "GET", target: "/api/whoami", body: new Uint8Array() };
    const authorization = await createProof(stranger, request, daemon.clock.now);
    const response = await daemon.request("/api/whoami", { headers: { authorization } });
    equal(response.status, 401);
    await response.body?.cancel();
  }

  equal(daemon.replay.size, before);
  await daemon.stop();
});

Deno.test("a run that fills all it can of the memory of used proofs shuts out itself alone", async () => {
  const daemon = await openTestDaemon({ replayCapacity: 100 });
  const owner = await registerOwner(daemon);
  const { run } = await grantRun(daemon, owner);
  const { run: other } = await grantRun(daemon, owner);

  const statuses: number[] = [];
  for (let n = 0; n < 100; n++) {
    const response = await run.call("GET", "/proxy/routes");
    statuses.push(response.status);
    await response.body?.cancel();
  }

  equal(statuses.filter((status) => status === 200).length, 49);
  equal(statuses.at(-1), 503);
  await other.json("GET", "/proxy/routes");
  await owner.json("GET", "/connections");
  await daemon.stop();
});

Deno.test("ten thousand distinct proofs are each taken once, and forgotten when they have expired", async () => {
  const dir = await Deno.makeTempDir();
  const daemon = await openTestDaemon({ replayPath: `${dir}/replay.log` });
  const owner = await registerOwner(daemon);
  const before = daemon.replay.size;
  const send = async (authorization: string) => {
    const response = await daemon.request("/api/identities", { headers: { authorization } });
    await response.body?.cancel();
    return response.status;
  };
  const request = { method: "GET", target: "/api/identities", body: new Uint8Array() };
  const proofs = await Promise.all(
    Array.from({ length: 10_000 }, () => createProof(owner.signer, request, daemon.clock.now)),
  );

  const first = await Promise.all(proofs.map(send));
  equal(first.every((status) => status === 200), true);
  equal(daemon.replay.size, before + 10_000);
  const again = await Promise.all(proofs.filter((_, i) => i % 100 === 0).map(send));
  equal(again.every((status) => status === 401), true);
  // A few bytes each: what was remembered does not grow with what was sent.
  ok((await Deno.stat(`${dir}/replay.log`)).size < 10_100 * 16);

  daemon.clock.now = new Date(daemon.clock.now.getTime() + 3 * 60_000);
  equal((await owner.call("GET", "/api/identities")).status, 200);
  equal(daemon.replay.size, 1);
  await daemon.stop();
  await Deno.remove(dir, { recursive: true });
});

Deno.test("a proof that would live for long is refused, whoever signed it", async () => {
  const daemon = await openTestDaemon();
  const owner = await ownerWithKey(daemon);
  const iat = Math.floor(daemon.clock.now.getTime() / 1000);
  const day = 24 * 60 * 60;
  const cases = [
    [{ iat, exp: iat + 301 }, "exp is too far from iat"],
    [{ iat, exp: iat + 10 * 365 * day }, "exp is too far from iat"],
    [{ iat, exp: Number.MAX_SAFE_INTEGER }, "exp is too far from iat"],
    // Not even with an iat that makes it look short.
    [{ iat: iat + day, exp: iat + day + 60 }, "iat is in the future"],
  ] as const;
  for (const [times, check] of cases) {
    const authorization = await signedWith(owner.signer, times);
    const response = await daemon.request("/api/whoami", { headers: { authorization } });
    equal(response.status, 401);
    equal((await response.json()).message, `Cannot accept the proof: ${check}`);
  }
  const authorization = await signedWith(owner.signer, { iat, exp: iat + 300 });
  equal((await daemon.request("/api/whoami", { headers: { authorization } })).status, 200);
  await daemon.stop();
});

Deno.test("a request captured before a restart is refused after it", async () => {
  const dir = await Deno.makeTempDir();
  const vault = new MemoryVault();
  const before = await openTestDaemon({ vault, replayPath: `${dir}/replay.log` });
  const captured = await capture(before, await ownerWithKey(before));
  equal((await before.request(TARGET, captured)).status, 200);
  // Killed: nothing is closed, nothing is flushed.

  const after = await openTestDaemon({ vault, replayPath: `${dir}/replay.log` });
  const replayed = await after.request(TARGET, captured);

  equal(replayed.status, 401);
  await before.stop();
  await after.stop();
  await Deno.remove(dir, { recursive: true });
});

Deno.test("the memory of used proofs is not needed longer than the proof lives", async () => {
  const daemon = await openTestDaemon();
  const captured = await capture(daemon, await ownerWithKey(daemon));
  equal((await daemon.request(TARGET, captured)).status, 200);

  // Past every window in which the proof could be remembered: it has expired long before.
  daemon.clock.now = new Date(daemon.clock.now.getTime() + 10 * 60_000);
  const late = await daemon.request(TARGET, captured);

  equal((await late.json()).message, "Cannot accept the proof: exp");
  await daemon.stop();
});

async function ownerWithKey(daemon: TestDaemon): Promise<Client> {
  const owner = await registerOwner(daemon);
  await logIn(owner, "acme");
  return owner;
}

/** The request that shows a secret, as it goes over the wire. */
async function capture(daemon: TestDaemon, owner: Client): Promise<RequestInit> {
  const request = { method: "GET", target: TARGET, body: new Uint8Array() };
  const authorization = await createProof(owner.signer, request, daemon.clock.now);
  return { method: "GET", headers: { authorization } };
}

/** A proof of `GET /api/whoami` that says these times. */
async function signedWith(
  { did, subject, privateKey }: Signer,
  times: { readonly iat: number; readonly exp: number },
): Promise<string> {
  const encode = (value: unknown) =>
    new TextEncoder().encode(JSON.stringify(value))
      .toBase64({ alphabet: "base64url", omitPadding: true });
  const claims = {
    iss: did,
    sub: subject,
    aud: "authsome-daemon",
    ...times,
    jti: crypto.randomUUID(),
    htm: "GET",
    htu: "/api/whoami",
    body_sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  };
  const signed = `${encode({ alg: "EdDSA", typ: "JWT" })}.${encode(claims)}`;
  if (!(privateKey instanceof CryptoKey)) throw new TypeError("an owner signs with a key");
  const bytes = await crypto.subtle.sign("Ed25519", privateKey, new TextEncoder().encode(signed));
  const signature = new Uint8Array(bytes).toBase64({ alphabet: "base64url", omitPadding: true });
  return `PoP ${signed}.${signature}`;
}
