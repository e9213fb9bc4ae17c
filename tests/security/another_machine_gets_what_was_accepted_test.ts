/**
 * Named invariant: another machine is let in by the owner's word alone, and runs programs alone.
 *
 * The attacks: a machine that was let in asks for a grant in the very moment in which it is thrown
 * out, so that the grant outlives it; one that was let in for everything asks a second time, and the
 * owner's narrower word is swallowed; one that was let in for some logins reads the names, accounts
 * and plain fields of all the others; one sends bodies as large as a backup.
 */
import assert from "node:assert/strict";
import type {
  ConnectionList,
  GrantItem,
  IdentityList,
  ProxyRoutes,
  Readiness,
  WhoAmI,
} from "../../core/api.ts";
import { readEvents } from "../../client/event_stream.ts";
import type { GrantScope } from "../../core/grant.ts";
import type { IdentityClaim } from "../../core/identity_claim.ts";
import { createProof } from "../../core/proof.ts";
import { DEFAULT_BODY_LIMIT } from "../../daemon/middleware/body_limit.ts";
import { saveConnection } from "../../daemon/records/connections.ts";
import { MemoryVault } from "../../daemon/vault/memory_vault.ts";
import type { VaultChange } from "../../daemon/vault/vault.ts";
import { exampleConnection } from "../daemon/records/connection_example.ts";
import {
  BASE_URL,
  type Client,
  clientFor,
  logIn,
  newSigner,
  openTestDaemon,
  registerOwner,
  type TestDaemon,
} from "../daemon/support/test_daemon.ts";

const HANDLE = "calm-otter-4711";

/** Another machine that asks; the code it was given. */
async function ask(machine: Client): Promise<string> {
  const body = { handle: HANDLE, did: machine.signer.did };
  return (await machine.json<IdentityClaim>("POST", "/identities/claims", body)).code;
}

async function letIn(
  daemon: TestDaemon,
  owner: Client,
  only: readonly GrantScope[] | null = null,
): Promise<Client> {
  const machine = clientFor(daemon, await newSigner(HANDLE));
  await owner.json("POST", `/identities/claims/${await ask(machine)}/accept`, { only });
  return machine;
}

/** Does something in the moment in which a record is about to be written whose key has `part` in it. */
class SlowVault extends MemoryVault {
  before: { readonly part: string; readonly act: () => Promise<unknown> } | null = null;

  override async write(changes: readonly VaultChange[]): Promise<void> {
    const { before } = this;
    if (before !== null && changes.some(({ key }) => key.includes(before.part))) {
      this.before = null;
      await before.act();
    }
    await super.write(changes);
  }
}

Deno.test("a grant that is asked for while its machine is thrown out is thrown out with it", async () => {
  const vault = new SlowVault();
  const daemon = await openTestDaemon({ vault });
  const owner = await registerOwner(daemon);
  await logIn(owner, "acme");
  const machine = await letIn(daemon, owner);
  const run = await newSigner("");
  const act = () => owner.json("DELETE", `/identities/${HANDLE}`);
  vault.before = { part: "grant_", act };

  const asked = await machine.call("POST", "/grants", { run_did: run.did });
  await asked.body?.cancel();

  assert.equal(asked.status, 403);
  const grants = (await vault.list("")).filter(({ key }) => key.includes("grant_"));
  for (const { value } of grants) {
    const { id } = JSON.parse(value) as GrantItem;
    const running = clientFor(daemon, { ...run, subject: id });
    const wanted = { provider: "acme", host: "api.acme.test", path: "/" };
    const answer = await running.call("POST", "/credentials/resolve", wanted);
    await answer.body?.cancel();
    assert.equal(answer.status, 403);
  }
  await daemon.stop();
});

Deno.test("what one command refuses while another accepts it is either in or out, and both are told which", async () => {
  const vault = new SlowVault();
  const daemon = await openTestDaemon({ vault });
  const owner = await registerOwner(daemon);
  const machine = clientFor(daemon, await newSigner(HANDLE));
  const code = await ask(machine);
  const statuses: number[] = [];
  const call = async (method: string, path: string, body?: object) => {
    const answer = await owner.call(method, path, body);
    await answer.body?.cancel();
    statuses.push(answer.status);
  };
  const act = () => call("DELETE", `/identities/claims/${code}`);
  vault.before = { part: HANDLE, act };

  await call("POST", `/identities/claims/${code}/accept`, {});

  const [refused, accepted] = statuses;
  const asked = await machine.call("GET", "/whoami");
  await asked.body?.cancel();
  assert.deepEqual([refused === 200, accepted === 200], [false, true]);
  assert.equal(asked.status, 200);
  await daemon.stop();
});

Deno.test("a claim that could not be written can be accepted again", async () => {
  const vault = new SlowVault();
  const daemon = await openTestDaemon({ vault });
  const owner = await registerOwner(daemon);
  const machine = clientFor(daemon, await newSigner(HANDLE));
  const code = await ask(machine);
  vault.before = { part: HANDLE, act: () => Promise.reject(new Error("no room")) };

  const failed = await owner.call("POST", `/identities/claims/${code}/accept`, {});
  await failed.body?.cancel();
  const again = await owner.call("POST", `/identities/claims/${code}/accept`, {});
  await again.body?.cancel();

  assert.deepEqual([failed.status, again.status], [500, 200]);
  await daemon.stop();
});

Deno.test("a narrower word is not swallowed because the machine is in already", async () => {
  const daemon = await openTestDaemon();
  const owner = await registerOwner(daemon);
  const machine = await letIn(daemon, owner);
  const code = await ask(machine);
  const only = [{ provider: "acme", connection: null }];

  const again = await owner.call("POST", `/identities/claims/${code}/accept`, { only });
  const { hint } = await again.json();

  assert.equal(again.status, 403);
  assert.match(hint, /authsome profile remove calm-otter-4711/);
  const { identities } = await owner.json<IdentityList>("GET", "/identities");
  assert.equal(identities.find(({ handle }) => handle === HANDLE)?.only, null);
  await daemon.stop();
});

Deno.test("a machine that was let in for one login is told of no other", async () => {
  const daemon = await openTestDaemon();
  const owner = await registerOwner(daemon);
  await logIn(owner, "acme");
  await logIn(owner, "acme", undefined, "work");
  await logIn(owner, "pair", { account_id: "account-of-somebody", auth_token: "secret-token" });
  const machine = await letIn(daemon, owner, [{ provider: "acme", connection: "work" }]);

  const routes = await machine.json<ProxyRoutes>("GET", "/proxy/routes");
  const list = await machine.json<ConnectionList>("GET", "/connections");
  const pair = await machine.json<ConnectionList>("GET", "/connections?provider=pair");

  assert.ok(!JSON.stringify(routes.environment).includes("account-of-somebody"));
  assert.deepEqual(
    [...new Set(routes.routes.map((route) => `${route.provider}/${route.connection}`))],
    ["acme/work"],
  );
  assert.deepEqual(
    list.connections.map(({ name, default_connection, connections }) => [
      name,
      default_connection,
      connections.map((one) => one.connection_name),
    ]),
    [["acme", null, ["work"]]],
  );
  assert.deepEqual(pair.connections, []);
  await daemon.stop();
});

Deno.test("what is wrong with other logins is not told to a machine that was let in for one", async () => {
  const daemon = await openTestDaemon();
  const owner = await registerOwner(daemon);
  const { vault_id } = await owner.json<WhoAmI>("GET", "/whoami");
  for (const [provider, name] of [["acme", "first"], ["acme", "work"], ["hub", "first"]] as const) {
    const revoked = exampleConnection(provider, name, { vault_id, status: "revoked" });
    await saveConnection(daemon.vault, revoked, { now: daemon.clock.now });
  }
  const machine = await letIn(daemon, owner, [{ provider: "acme", connection: "work" }]);

  const told = await machine.json<Readiness>("GET", "/ready");

  assert.equal(told.checks.connections, "attention");
  assert.match(told.warnings.join(), /acme\/work$/);
  assert.ok(!/hub|first/.test(JSON.stringify(told)), JSON.stringify(told));
  assert.match((await owner.json<Readiness>("GET", "/ready")).warnings.join(), /hub\/first/);
  await daemon.stop();
});

Deno.test("the open stream of changes ends for a machine whose access is taken away, and for no other", async () => {
  const daemon = await openTestDaemon();
  const owner = await registerOwner(daemon);
  const machine = await letIn(daemon, owner);
  const [gone, stays] = await Promise.all([machine, owner].map(async (client) => {
    const { body } = await client.call("GET", "/proxy/events");
    return readEvents(body!)[Symbol.asyncIterator]();
  }));
  for (const stream of [gone, stays]) assert.equal((await stream!.next()).value!.event, "change");

  await owner.json("DELETE", `/identities/${HANDLE}`);

  assert.equal((await gone!.next()).value!.event, "ended");
  assert.equal((await gone!.next()).done, true);
  await logIn(owner, "acme");
  assert.equal((await stays!.next()).value!.event, "change");
  await stays!.return?.(undefined);
  await daemon.stop();
});

Deno.test("the body of another machine is read as far as any other, also where a backup is taken", async () => {
  const daemon = await openTestDaemon();
  const owner = await registerOwner(daemon);
  const { signer } = await letIn(daemon, owner);
  for (const path of ["/backup/verify", "/backup/restore"]) {
    const request = { method: "POST", target: path, body: new Uint8Array() };
    const authorization = await createProof(signer, request, daemon.clock.now);
    let taken = 0;
    const piece = new Uint8Array(64 * 1024).fill(0x20);
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (taken >= 2 << 20) return controller.close();
        taken += piece.length;
        controller.enqueue(piece);
      },
    }, { highWaterMark: 0 });

    const headers = { "content-type": "application/json", authorization };
    const response = await daemon.fetch(
      new Request(`${BASE_URL}${path}`, { method: "POST", headers, body }),
    );
    await response.body?.cancel();

    assert.equal(response.status, 413, path);
    assert.ok(taken <= DEFAULT_BODY_LIMIT + 2 * piece.length, `${taken} bytes`);
  }
  await daemon.stop();
});
