/**
 * What can go wrong while a token is renewed: at the provider, on the disk, and beside us.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Connection } from "../../../core/connection.ts";
import { DEFAULT_SERVER_CONFIG } from "../../../core/config.ts";
import {
  ReauthorizationRequiredError,
  RefreshFailedError,
  StoreUnavailableError,
} from "../../../core/errors.ts";
import { endRefreshes } from "../../../daemon/broker/refresh_connection.ts";
import { removeConnection, saveConnection } from "../../../daemon/records/connections.ts";
import { readRefreshJournal } from "../../../daemon/records/refresh_journal.ts";
import { MemoryVault } from "../../../daemon/vault/memory_vault.ts";
import type { VaultChange } from "../../../daemon/vault/vault.ts";
import { typed } from "../../support/oauth_provider.ts";
import {
  dropMidReply,
  flood,
  hang,
  html,
  json,
  type RudeAnswer,
  startRudeServer,
} from "../../support/rude_server.ts";
import { type OAuthDaemon, openOAuthDaemon, OWNER, REF } from "../support/oauth_daemon.ts";
import { rotatingEndpoint } from "../support/rotating_endpoint.ts";

/** Nobody holds the claim any more. */
async function assertReleased(acme: OAuthDaemon): Promise<void> {
  const { journal } = await readRefreshJournal(acme.daemon.vault, OWNER.vault_id, REF);
  assert.equal(journal.holder, null);
  assert.equal(journal.started_at, null);
}

for (
  const [name, answer] of [
    ["answers 500 with a page", () => html(500)],
    ["answers 200 with a page", () => html(200)],
    ["answers 10 MB", () => flood(10 << 20)],
    ["drops the connection mid-reply", dropMidReply],
    ["does not know the client", () => json({ error: "invalid_client" }, 401)],
    ["answers a list", () => json([1, 2])],
    ["answers a token that is no text", () => json({ access_token: 42, expires_in: 60 })],
    ["redirects", () => Response.redirect("https://elsewhere.test/", 302)],
  ] as const satisfies readonly (readonly [string, RudeAnswer])[]
) {
  Deno.test(`a provider that ${name}: nothing is lost, and it is tried again`, async () => {
    const token = rotatingEndpoint();
    let rude = true;
    await using server = await startRudeServer({
      "/token": (request) => rude ? answer() : token.answer(request),
    });
    await using acme = await openOAuthDaemon(server.fetch, {
      oauth: { token_url: `${server.origin}/token` },
    });
    await acme.connect();
    acme.pass(3600);

    const failure = await acme.resolve().then(() => null, (error) => error);
    const kept = await acme.stored();
    await assertReleased(acme);
    rude = false;
    acme.pass(1);

    assert.ok(failure instanceof RefreshFailedError, String(failure));
    assert.doesNotMatch(failure.message, /html|refresh-0|access-0|s3cret/);
    assert.equal(kept.status, "connected");
    assert.equal(kept.secrets["refresh_token"]!.reveal(), "refresh-0");
    assert.equal(await acme.resolve(), "Bearer access-1");
  });
}

Deno.test("a provider that hangs holds up nobody else, and ends with the daemon", async () => {
  const token = rotatingEndpoint();
  const arrived = Promise.withResolvers<void>();
  await using server = await startRudeServer({
    "/token": (request) => {
      if (request.form.get("refresh_token") !== "hangs") return token.answer(request);
      arrived.resolve();
      return hang();
    },
  });
  const acme = await openOAuthDaemon(server.fetch, {
    oauth: { token_url: `${server.origin}/token` },
  });
  await acme.connect();
  await acme.connect({
    connection_name: "hanging",
    secrets: typed({ access_token: "a", refresh_token: "hangs" }),
  });
  acme.pass(3600);

  const hanging = assert.rejects(acme.resolve({ connection: "hanging" }), RefreshFailedError);
  await arrived.promise;
  const other = await acme.resolve();
  await acme[Symbol.asyncDispose]();
  await hanging;

  assert.equal(other, "Bearer access-1");
});

Deno.test("invalid_grant: the connection says what to do, and nothing of it is deleted", async () => {
  await using server = await startRudeServer({
    "/token": () => json({ error: "invalid_grant", error_description: "refresh-0 is old" }, 400),
  });
  await using acme = await openOAuthDaemon(server.fetch, {
    oauth: { token_url: `${server.origin}/token` },
  });
  const before = await acme.connect();
  acme.pass(3600);

  const failure = await acme.resolve().then(() => null, (error) => error);

  assert.ok(failure instanceof ReauthorizationRequiredError);
  assert.equal(failure.hint, "Run: authsome login acme --connection default --force");
  const { status, ...kept } = await acme.stored();
  const { status: _, ...expected } = before;
  assert.equal(status, "needs_reauth");
  assert.deepEqual(kept, expected);
  await assertReleased(acme);
  await assert.rejects(acme.resolve(), ReauthorizationRequiredError);
  assert.equal(server.requests.length, 1, "a dead token is not tried again");
  const audited = acme.daemon.audit.filter(({ event }) => event === "refresh_failed");
  assert.deepEqual(audited.map(({ details }) => details?.["error"]), ["invalid_grant"]);
});

Deno.test("invalid_grant: a token that somebody else rotated meanwhile is adopted", async () => {
  await using server = await startRudeServer({
    "/token": async () => {
      const spent = await acme.stored();
      await saveConnection(acme.daemon.vault, sibling(spent, acme.daemon.clock.now), {
        now: acme.daemon.clock.now,
      });
      return json({ error: "invalid_grant" }, 400);
    },
  });
  await using acme = await openOAuthDaemon(server.fetch, {
    oauth: { token_url: `${server.origin}/token` },
  });
  await acme.connect();
  acme.pass(3600);

  assert.equal(await acme.resolve(), "Bearer sibling-access");
  assert.equal((await acme.stored()).status, "connected");
  assert.equal(server.requests.length, 1);
  await assertReleased(acme);
});

Deno.test("invalid_grant while the record is being changed: it is read again, and the claim ends", async () => {
  const vault = new MeddlesomeVault();
  await using server = await startRudeServer({
    "/token": () => {
      vault.meddle = 2;
      return json({ error: "invalid_grant" }, 400);
    },
  });
  await using acme = await openOAuthDaemon(server.fetch, {
    oauth: { token_url: `${server.origin}/token` },
    vault,
  });
  await acme.connect();
  acme.pass(3600);

  await assert.rejects(acme.resolve(), ReauthorizationRequiredError);

  assert.equal(vault.meddle, 0, "the record changed twice in between");
  assert.equal((await acme.stored()).status, "needs_reauth");
  await assertReleased(acme);
});

Deno.test("a login that was made meanwhile is not overwritten by a refresh", async () => {
  const token = rotatingEndpoint({
    before: async () => {
      const now = acme.daemon.clock.now;
      await saveConnection(acme.daemon.vault, sibling(await acme.stored(), now), { now });
    },
  });
  await using server = await startRudeServer({ "/token": token.answer });
  await using acme = await openOAuthDaemon(server.fetch, {
    oauth: { token_url: `${server.origin}/token` },
  });
  await acme.connect();
  acme.pass(3600);

  assert.equal(await acme.resolve(), "Bearer sibling-access");
  assert.equal((await acme.stored()).secrets["refresh_token"]!.reveal(), "sibling-refresh");
  await assertReleased(acme);
});

Deno.test("a connection that was logged out meanwhile does not come back", async () => {
  const token = rotatingEndpoint({
    before: async () => {
      await removeConnection(acme.daemon.vault, OWNER.vault_id, REF, acme.daemon.clock.now);
    },
  });
  await using server = await startRudeServer({ "/token": token.answer });
  await using acme = await openOAuthDaemon(server.fetch, {
    oauth: { token_url: `${server.origin}/token` },
  });
  await acme.connect();
  acme.pass(3600);

  await assert.rejects(acme.resolve(), { code: "connection_not_found" });
  await assert.rejects(acme.stored());
  assert.deepEqual(await acme.daemon.vault.keys(`vault:${OWNER.vault_id}:`), []);
});

/** A token that is due, on a disk that is full by the time the new one is to be written. */
async function onFullDisk(
  body: (
    acme: OAuthDaemon,
    vault: FillingVault,
    token: ReturnType<typeof rotatingEndpoint>,
  ) => Promise<void>,
): Promise<void> {
  const vault = new FillingVault();
  const token = rotatingEndpoint({
    before: () => {
      vault.isFull = true;
      return Promise.resolve();
    },
  });
  await using server = await startRudeServer({ "/token": token.answer });
  await using acme = await openOAuthDaemon(server.fetch, {
    oauth: { token_url: `${server.origin}/token` },
    vault,
  });
  await acme.connect();
  acme.pass(3600);
  await body(acme, vault, token);
}

Deno.test("a disk that is full when the new tokens are to be written loses none of them", async () => {
  await onFullDisk(async (acme, vault, token) => {
    await assert.rejects(acme.resolve(), StoreUnavailableError);
    await assert.rejects(acme.resolve(), StoreUnavailableError);
    vault.isFull = false;

    assert.equal(await acme.resolve(), "Bearer access-1");
    assert.equal((await acme.stored()).secrets["refresh_token"]!.reveal(), "refresh-1");
    assert.deepEqual(token.redeemed, ["refresh-0"]);
    await assertReleased(acme);
  });
});

Deno.test("tokens that the disk did not take are written when the daemon stops", async () => {
  await onFullDisk(async (acme, vault) => {
    await assert.rejects(acme.resolve(), StoreUnavailableError);
    vault.isFull = false;

    await endRefreshes(acme.daemon.broker, 10_000);

    assert.equal((await acme.stored()).secrets["refresh_token"]!.reveal(), "refresh-1");
  });
});

Deno.test("a disk that is full before the intent is written: the provider is not asked", async () => {
  const vault = new FillingVault();
  await using server = await startRudeServer({});
  await using acme = await openOAuthDaemon(server.fetch, {
    oauth: { token_url: `${server.origin}/token` },
    vault,
  });
  await acme.connect();
  acme.pass(3600);
  vault.isFull = true;

  await assert.rejects(acme.resolve(), StoreUnavailableError);
  assert.equal(server.requests.length, 0);
});

Deno.test("an audit log that cannot be written takes no tokens back", async () => {
  const token = rotatingEndpoint();
  await using server = await startRudeServer({ "/token": token.answer });
  await using acme = await openOAuthDaemon(server.fetch, {
    oauth: { token_url: `${server.origin}/token` },
    audit: () => {
      throw new StoreUnavailableError("Cannot write the audit log: the disk is full");
    },
  });
  await acme.connect();
  acme.pass(3600);

  // Handing the token out is a decision, and one that cannot be written down is not made.
  await assert.rejects(acme.resolve(), StoreUnavailableError);

  const { secrets } = await acme.stored();
  assert.equal(secrets["access_token"]?.reveal(), "access-1");
});

Deno.test("a daemon that stops waits for a refresh under way, and begins no other", async () => {
  const arrived = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  const token = rotatingEndpoint({
    before: async () => {
      arrived.resolve();
      await answered.promise;
    },
  });
  await using server = await startRudeServer({ "/token": token.answer });
  await using acme = await openOAuthDaemon(server.fetch, {
    oauth: { token_url: `${server.origin}/token` },
  });
  await acme.connect();
  await acme.connect({ connection_name: "other" });
  acme.pass(3600);
  const underWay = acme.resolve();
  await arrived.promise;

  const ended = endRefreshes(acme.daemon.broker, 10_000);
  await assert.rejects(acme.resolve({ connection: "other" }), /the daemon is stopping/);
  answered.resolve();
  await ended;

  assert.equal((await acme.stored()).secrets["refresh_token"]!.reveal(), "refresh-1");
  assert.equal(await underWay, "Bearer access-1");
});

Deno.test("a daemon that stops does not wait for a provider that hangs", async () => {
  const arrived = Promise.withResolvers<void>();
  await using server = await startRudeServer({
    "/token": () => {
      arrived.resolve();
      return hang();
    },
  });
  const acme = await openOAuthDaemon(server.fetch, {
    oauth: { token_url: `${server.origin}/token` },
  });
  await acme.connect();
  acme.pass(3600);
  const hanging = assert.rejects(acme.resolve(), RefreshFailedError);
  await arrived.promise;

  await endRefreshes(acme.daemon.broker, 50);
  await acme[Symbol.asyncDispose]();
  await hanging;

  await assertReleased(acme);
});

Deno.test("endpoints that only this connection knows are told to the relay before they are asked", async () => {
  const told: string[] = [];
  const token = rotatingEndpoint();
  await using server = await startRudeServer({ "/oauth/token": token.answer });
  const host = new URL(server.origin).host;
  await using acme = await openOAuthDaemon((input, init) => {
    told.push("request");
    return server.fetch(input, init);
  }, {
    oauth: { issuer: server.origin },
    allowProvider: (definition, baseUrl) => void told.push(`${definition.name} ${baseUrl}`),
    allowHosts: (hosts, isPrivate) => void told.push(`${hosts.join()} ${isPrivate}`),
  });
  await acme.connect({
    base_url: "https://acme.example",
    metadata: { oauth: { client_id: "test-app", token_endpoint: `${server.origin}/oauth/token` } },
  });
  acme.pass(3600);

  assert.equal(await acme.resolve(), "Bearer access-1");
  assert.deepEqual(told, ["acme https://acme.example", `${host} true`, "request"]);
});

Deno.test("private endpoints are refreshed at where the owner allowed them to every provider", async () => {
  for (const allow_private of [true, false]) {
    const token = rotatingEndpoint();
    await using server = await startRudeServer({ "/token": token.answer });
    await using acme = await openOAuthDaemon(server.fetch, {
      oauth: { token_url: `${server.origin}/token` },
      definition: { allow_private: false },
      settings: { ...DEFAULT_SERVER_CONFIG, egress: { allow_private } },
    });
    await acme.connect();
    acme.pass(3600);

    if (allow_private) assert.equal(await acme.resolve(), "Bearer access-1");
    else await assert.rejects(acme.resolve(), { code: "invalid_provider_definition" });
    assert.equal(server.requests.length, allow_private ? 1 : 0);
  }
});

function sibling(connection: Connection, now: Date): Connection {
  return {
    ...connection,
    secrets: typed({ access_token: "sibling-access", refresh_token: "sibling-refresh" }),
    obtained_at: now,
    expires_at: new Date(now.getTime() + 3_600_000),
  };
}

/** A vault whose disk is full when a test says so. */
class FillingVault extends MemoryVault {
  isFull = false;

  override write(changes: readonly VaultChange[]): Promise<void> {
    if (!this.isFull) return super.write(changes);
    return Promise.reject(
      new StoreUnavailableError("Cannot write the vault: there is no space left on the device"),
    );
  }
}

/** A vault in which somebody else changes a connection right before we write it. */
class MeddlesomeVault extends MemoryVault {
  meddle = 0;

  override async write(changes: readonly VaultChange[]): Promise<void> {
    const put = changes.find(({ key }) => key.includes(":connection:"));
    if (this.meddle > 0 && put !== undefined) {
      this.meddle--;
      const { key, value } = (await this.get(put.key))!;
      await super.write([{ type: "put", key, value }]);
    }
    await super.write(changes);
  }
}

Deno.test("the connection may be made before the intent is on disk; the request comes after it", async () => {
  const order: string[] = [];
  const token = rotatingEndpoint();
  await using server = await startRudeServer({ "/token": token.answer });
  const vault = new MemoryVault();
  const write = vault.write.bind(vault);
  vault.write = (changes) => {
    if (changes.some(({ key }) => key.includes(":refresh:"))) order.push("journal");
    return write(changes);
  };
  await using acme = await openOAuthDaemon(server.fetch, {
    oauth: { token_url: `${server.origin}/token` },
    vault,
    connectEarly: (url) => {
      order.push(`connect ${new URL(url).pathname}`);
      return {
        begun: Promise.resolve(),
        fetch: (input, init) => {
          order.push("request");
          return server.fetch(input, init);
        },
        [Symbol.dispose]: () => void order.push("end"),
      };
    },
  });
  await acme.connect();
  acme.pass(3600);

  assert.equal(await acme.resolve(), "Bearer access-1");

  assert.deepEqual(order, ["connect /token", "journal", "request", "journal", "end"]);
});

Deno.test("while a refresh backs off nobody is connected to", async () => {
  let connections = 0;
  await using server = await startRudeServer({ "/token": () => html(500) });
  await using acme = await openOAuthDaemon(server.fetch, {
    oauth: { token_url: `${server.origin}/token` },
    connectEarly: () => {
      connections++;
      return { begun: Promise.resolve(), fetch: server.fetch, [Symbol.dispose]: () => {} };
    },
  });
  await acme.connect();
  acme.pass(3600);

  await assert.rejects(acme.resolve(), RefreshFailedError);
  await assert.rejects(acme.resolve(), /the next try is in/);

  assert.equal(connections, 1);
});
