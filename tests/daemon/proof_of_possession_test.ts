/**
 * What stands between a request and the daemon's routes: the proof, the identity behind it, and that
 * it is used once. Through the app, as a request meets it.
 *
 * @module
 */
import { deepEqual, equal } from "node:assert/strict";
import type { ErrorEnvelope } from "../../core/errors.ts";
import { createProof, type Signer } from "../../core/proof.ts";
import {
  clientFor,
  grantRun,
  newSigner,
  openTestDaemon,
  registerOwner,
  type TestDaemon,
} from "./support/test_daemon.ts";

Deno.test("a request without a proof gets 401 and the check that failed", async () => {
  const daemon = await openTestDaemon();

  const response = await daemon.request("/api/connections");

  equal(response.status, 401);
  deepEqual(await response.json(), {
    error: "InvalidProofError",
    message: "Cannot accept the proof: the Authorization header is missing",
  });
  await daemon.stop();
});

Deno.test("a stranger learns nothing about which routes there are", async () => {
  const daemon = await openTestDaemon();

  const answers = await Promise.all(
    ["/api/connections", "/api/nothing-here", "/providers/x", "/", "/favicon.ico"].map(
      async (path) => (await daemon.request(path)).status,
    ),
  );

  deepEqual(answers, [401, 401, 401, 401, 401]);
  await daemon.stop();
});

Deno.test("a proof holds for /x and for /api/x, each for itself", async () => {
  const daemon = await openTestDaemon();
  const owner = await registerOwner(daemon);

  equal((await owner.call("GET", "/connections")).status, 200);
  equal((await owner.call("GET", "/api/connections")).status, 200);
  equal((await send(daemon, owner.signer, "/api/connections", "/connections")).status, 401);
  await daemon.stop();
});

Deno.test("a proof covers the query", async () => {
  const daemon = await openTestDaemon();
  const owner = await registerOwner(daemon);

  const response = await send(
    daemon,
    owner.signer,
    "/proxy/routes",
    "/proxy/routes?scope=configured",
  );

  equal(response.status, 401);
  equal((await response.json() as ErrorEnvelope).message, "Cannot accept the proof: htu");
  await daemon.stop();
});

Deno.test("an identity nobody registered gets IdentityNotFoundError, so that a client registers it", async () => {
  const daemon = await openTestDaemon();
  const stranger = clientFor(daemon, await newSigner("calm-quietly-softly-0009"));

  const response = await stranger.call("GET", "/api/connections");

  equal(response.status, 401);
  equal((await response.json() as ErrorEnvelope).error, "IdentityNotFoundError");
  equal(daemon.replay.size, 0, "a stranger fills no memory");
  await daemon.stop();
});

Deno.test("a registered handle with another key is refused", async () => {
  const daemon = await openTestDaemon();
  const owner = await registerOwner(daemon);
  const thief = clientFor(daemon, await newSigner(owner.signer.subject));

  const response = await thief.call("GET", "/api/connections");

  equal(response.status, 401);
  equal((await response.json() as ErrorEnvelope).error, "InvalidProofError");
  await daemon.stop();
});

Deno.test("a grant's id with another key is refused", async () => {
  const daemon = await openTestDaemon();
  const owner = await registerOwner(daemon);
  const { grant } = await grantRun(daemon, owner);
  const thief = clientFor(daemon, await newSigner(grant.id));

  equal((await thief.call("GET", "/api/proxy/routes")).status, 401);
  await daemon.stop();
});

Deno.test("10,000 distinct proofs are all remembered", async () => {
  const daemon = await openTestDaemon();
  const owner = await registerOwner(daemon);
  const before = daemon.replay.size;
  const proof = {
    did: owner.signer.did,
    subject: "x",
    expires_at: new Date("2026-03-01T12:01:30Z"),
  };

  for (let n = 0; n < 10_000; n++) daemon.replay.useOnce({ ...proof, jti: `proof ${n}` });

  equal(daemon.replay.size - before, 10_000);
  await daemon.stop();
});

/** A GET of `target` with a proof for `proven`. */
async function send(
  daemon: TestDaemon,
  signer: Signer,
  proven: string,
  target: string,
): Promise<Response> {
  const request = { method: "GET", target: proven, body: new Uint8Array() };
  const authorization = await createProof(signer, request, daemon.clock.now);
  return await daemon.request(target, { headers: { authorization } });
}
