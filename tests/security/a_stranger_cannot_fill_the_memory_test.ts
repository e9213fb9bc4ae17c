/**
 * Loopback is hostile: the routes that take a backup take large bodies. Nobody but an owner has one of
 * them read; a stranger's is refused before its first byte.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createProof, type Signer } from "../../core/proof.ts";
import { BACKUP_BODY_LIMIT, DEFAULT_BODY_LIMIT } from "../../daemon/middleware/body_limit.ts";
import {
  BASE_URL,
  grantRun,
  logIn,
  newSigner,
  openTestDaemon,
  registerOwner,
  type TestDaemon,
} from "../daemon/support/test_daemon.ts";

const PATHS = ["/backup/verify", "/backup/restore", "/api/backup/restore"];

/** Sends a body piece by piece; gives the status and how much of it was taken. */
async function send(
  daemon: TestDaemon,
  path: string,
  authorization: string | null,
  size: number,
): Promise<{ readonly status: number; readonly taken: number }> {
  let taken = 0;
  const piece = new Uint8Array(64 * 1024).fill(0x20);
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (taken >= size) return controller.close();
      taken += piece.length;
      controller.enqueue(piece);
    },
  }, { highWaterMark: 0 });
  const response = await daemon.fetch(
    new Request(`${BASE_URL}${path}`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(authorization === null ? {} : { authorization }),
      },
      body,
    }),
  );
  await response.body?.cancel();
  return { status: response.status, taken };
}

/** A proof for another body: whoever holds it has not read the large one yet. */
async function proofOf(daemon: TestDaemon, signer: Signer, path: string): Promise<string> {
  const request = { method: "POST", target: path, body: new Uint8Array() };
  return await createProof(signer, request, daemon.clock.now);
}

Deno.test("a body of a stranger is not read, whatever the stranger shows", async (t) => {
  const daemon = await openTestDaemon();
  const owner = await registerOwner(daemon);
  const stranger = await newSigner("nobody-quietly-0001");
  const imposter = { ...await newSigner(owner.signer.subject) };
  const shown: Readonly<Record<string, (path: string) => Promise<string | null>>> = {
    "nothing": () => Promise.resolve(null),
    "no proof": () => Promise.resolve("PoP a.b.c"),
    "a proof of a key that nobody knows": (path) => proofOf(daemon, stranger, path),
    "the owner's name and another key": (path) => proofOf(daemon, imposter, path),
    "the owner's proof for another route": () => proofOf(daemon, owner.signer, "/connections"),
  };
  for (const path of PATHS) {
    for (const [name, authorization] of Object.entries(shown)) {
      await t.step(`${path}: ${name}`, async () => {
        const sent = await send(daemon, path, await authorization(path), 1 << 20);
        assert.deepEqual(sent, { status: 401, taken: 0 });
      });
    }
  }
  await daemon.stop();
});

Deno.test("a run's body is read as far as any other", async () => {
  const daemon = await openTestDaemon();
  const owner = await registerOwner(daemon);
  await logIn(owner, "acme");
  const { run } = await grantRun(daemon, owner);

  const proof = await proofOf(daemon, run.signer, "/backup/restore");
  const { status, taken } = await send(daemon, "/backup/restore", proof, 1 << 20);

  assert.equal(status, 413);
  assert.ok(taken <= DEFAULT_BODY_LIMIT + 2 * 64 * 1024, `${taken} bytes`);
  await daemon.stop();
});

Deno.test("an owner's body is read up to the size of a backup, and must be the one that was signed", async () => {
  const daemon = await openTestDaemon();
  const owner = await registerOwner(daemon);
  const path = "/backup/restore";

  const proof = () => proofOf(daemon, owner.signer, path);
  const large = await send(daemon, path, await proof(), 2 << 20);
  const tooLarge = await send(daemon, path, await proof(), BACKUP_BODY_LIMIT + (1 << 20));

  assert.deepEqual(large, { status: 401, taken: 2 << 20 });
  assert.equal(tooLarge.status, 413);
  await daemon.stop();
});
