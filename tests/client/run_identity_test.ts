import assert from "node:assert/strict";
import { DaemonClient } from "../../client/daemon_client.ts";
import { RunIdentity } from "../../client/run_identity.ts";
import { generateSeed, signerFromSeed } from "../../client/signing_key.ts";
import type { GrantItem } from "../../core/api.ts";
import { GrantDeniedError } from "../../core/errors.ts";
import { Secret } from "../../core/secret.ts";
import { verifyProof } from "../../core/verify_proof.ts";

const owner = await signerFromSeed("me", new Secret(generateSeed()));

/** A daemon that only knows grants. */
class GrantDaemon implements AsyncDisposable {
  readonly grants: GrantItem[] = [];
  /** `METHOD path subject` of each request. */
  readonly seen: string[] = [];
  /** Renewing is refused, as for a grant that ran out or was ended. */
  refusesRenewal = false;
  readonly #server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    (request) => this.#answer(request),
  );

  get baseUrl(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  openOwner = (): Promise<DaemonClient> =>
    Promise.resolve(new DaemonClient({ baseUrl: this.baseUrl, signer: owner }));

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const path = pathname.replace("/api", "");
    const body = new Uint8Array(await request.arrayBuffer());
    const proof = await verifyProof(
      request.headers.get("authorization") ?? undefined,
      { method: request.method, target: pathname, body },
      new Date(),
    );
    this.seen.push(`${request.method} ${path} ${proof.subject === "me" ? "owner" : proof.subject}`);
    if (path === "/grants") {
      const asked = JSON.parse(new TextDecoder().decode(body));
      const grant: GrantItem = {
        id: `grant_${this.grants.length}`,
        run_did: asked.run_did,
        label: asked.label,
        only: asked.only,
        connections: asked.connections,
        created_at: "",
        expires_at: "",
        ended_at: null,
      };
      this.grants.push(grant);
      return Response.json(grant);
    }
    if (path.endsWith("/renew") && this.refusesRenewal) {
      const error = new GrantDeniedError("Cannot renew the grant: it has ended");
      return Response.json(error.toEnvelope(), { status: 403 });
    }
    return Response.json(this.grants.at(-1) ?? {});
  }
}

function startRun(daemon: GrantDaemon): Promise<RunIdentity> {
  return RunIdentity.start({
    openOwner: daemon.openOwner,
    only: [{ provider: "acme", connection: null }],
    connections: { acme: "work" },
    label: "agent",
  });
}

Deno.test("a run asks as the owner, and from then on signs with a key of its own", async () => {
  await using daemon = new GrantDaemon();
  const run = await startRun(daemon);

  await run.current.proxyRoutes();
  assert.equal(run.port, Number(new URL(daemon.baseUrl).port));
  await run.end();

  assert.deepEqual(daemon.seen, [
    "POST /grants owner",
    "GET /proxy/routes grant_0",
    "DELETE /grants/self grant_0",
  ]);
  const [grant] = daemon.grants;
  assert.notEqual(grant!.run_did, owner.did);
  assert.deepEqual(
    [grant!.only, grant!.connections, grant!.label],
    [[{ provider: "acme", connection: null }], { acme: "work" }, "agent"],
  );
});

Deno.test("each run has another key", async () => {
  await using daemon = new GrantDaemon();
  const [one, two] = [await startRun(daemon), await startRun(daemon)];

  assert.notEqual(daemon.grants[0]!.run_did, daemon.grants[1]!.run_did);
  await one.end();
  await two.end();
});

Deno.test("a daemon that was restarted at another address is found again, the grant in force", async () => {
  await using first = new GrantDaemon();
  await using second = new GrantDaemon();
  const daemons = [first, second];
  const run = await RunIdentity.start({
    openOwner: () => daemons.shift()!.openOwner(),
    only: null,
    connections: {},
    label: "",
  });

  await run.revive();
  await run.current.proxyRoutes();
  await run.end();

  assert.deepEqual(second.seen, [
    "POST /grants/grant_0/renew owner",
    "GET /proxy/routes grant_0",
    "DELETE /grants/self grant_0",
  ]);
});

Deno.test("a grant that ran out while the machine slept is asked for again", async () => {
  await using daemon = new GrantDaemon();
  const run = await startRun(daemon);
  daemon.refusesRenewal = true;

  await run.revive();
  await run.current.proxyRoutes();
  await run.end();

  assert.equal(daemon.grants.length, 2);
  assert.equal(daemon.grants[1]!.run_did, daemon.grants[0]!.run_did);
  assert.ok(daemon.seen.includes("GET /proxy/routes grant_1"));
});

Deno.test("a grant that somebody ended stays ended", async () => {
  await using daemon = new GrantDaemon();
  const run = await startRun(daemon);
  daemon.refusesRenewal = true;
  daemon.grants[0] = { ...daemon.grants[0]!, ended_at: new Date().toISOString() };

  await assert.rejects(run.revive(), GrantDeniedError);
  await run.end();

  assert.equal(daemon.grants.length, 1);
});

Deno.test("ending a run does not fail when the daemon is gone", async () => {
  const daemon = new GrantDaemon();
  const run = await startRun(daemon);
  await daemon[Symbol.asyncDispose]();

  await run.end();
});
