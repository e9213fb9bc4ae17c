/**
 * Invariant: no refresh token is lost. Processes that refresh and log in are killed with `kill -9` at
 * random moments, against a certified server that rotates refresh tokens and ends a login whose old
 * token comes back. Afterwards every connection works or says that it needs a login, and the second
 * only where the server had rotated the token and its reply never arrived.
 *
 * `AUTHSOME_TEST_KILLS` sets how many processes die; 300 when it is not set.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Connection } from "../../core/connection.ts";
import { Secret } from "../../core/secret.ts";
import { adoptSessions } from "../../daemon/auth_sessions.ts";
import type { Broker } from "../../daemon/broker/broker.ts";
import { completeCallback } from "../../daemon/broker/complete_login.ts";
import type { LoginSession } from "../../daemon/broker/login_session.ts";
import { resolveCredential } from "../../daemon/broker/resolve_credential.ts";
import { listAuthSessions } from "../../daemon/records/auth_sessions.ts";
import { readProviderConnections } from "../../daemon/records/connection_index.ts";
import { readConnection, saveConnection } from "../../daemon/records/connections.ts";
import { saveProviderClient } from "../../daemon/records/provider_clients.ts";
import { readRefreshJournal } from "../../daemon/records/refresh_journal.ts";
import { CLIENT } from "../daemon/support/oauth_daemon.ts";
import {
  type AuthorizationServer,
  startAuthorizationServer,
} from "../support/authorization_server.ts";
import { type BrokerPlace, DISK_OWNER, openBrokerOnDisk } from "../support/broker_on_disk.ts";
import { startWorker } from "../support/killed_worker.ts";
import { RotationRecord } from "../support/rotation_record.ts";

const KILLS = Number(Deno.env.get("AUTHSOME_TEST_KILLS") ?? "300");
const REFRESH_KILLS = Math.ceil(KILLS * 0.7);
const LOGIN_KILLS = KILLS - REFRESH_KILLS;
/** Vaults, and with them processes, at the same time. */
const LANES = 2;
const CONNECTIONS = 4;
const REFRESHING = new URL("./refresh_until_killed.ts", import.meta.url);
const LOGGING_IN = new URL("./log_in_until_killed.ts", import.meta.url);

Deno.test(`${REFRESH_KILLS} kills during refreshes: a connection works, or its token was rotated and the reply never came`, async () => {
  await using server = await startAuthorizationServer();
  const record = new RotationRecord(server);
  const found = { interrupted: 0, needLogin: 0 };

  await inLanes(server, async (place) => {
    const pace = new Pace();
    await eachConnection(place, (broker, name) => logInAfresh(broker, name, server));
    for (let kills = 0; kills < REFRESH_KILLS / LANES; kills++) {
      await refreshAndKill(place, pace);
      await eachConnection(place, async (broker, name) => {
        if (await wasInterrupted(broker, name)) found.interrupted++;
        if (!await needsLogin(broker, name, record)) return;
        found.needLogin++;
        await logInAfresh(broker, name, server);
      });
    }
    await eachConnection(place, async (broker, name) => {
      const rejected_at = new Date().toISOString();
      const request = { provider: "acme", connection: name, rejected_at };
      const works = await resolveCredential(broker, DISK_OWNER, request)
        .then(() => true, () => false);
      assert.equal(works, !await needsLogin(broker, name, record), "it works, or says why not");
    });
  });

  const { interrupted, needLogin } = found;
  assert.ok(interrupted > REFRESH_KILLS / 2, `${interrupted} refreshes were cut short`);
  assert.ok(record.size > REFRESH_KILLS / 4, `${record.size} rotations`);
  assert.ok(needLogin < interrupted, `${needLogin} of ${interrupted} need a login`);
});

Deno.test(`${LOGIN_KILLS} kills during logins: what says that it is connected works`, async () => {
  await using server = await startAuthorizationServer();
  const found = { works: 0, finishedLater: 0, failed: 0 };

  await inLanes(server, async (place) => {
    const seen = new Set<string>();
    const pace = { start: new Pace(), login: new Pace() };
    for (let kills = 0; kills < LOGIN_KILLS / LANES; kills++) {
      await logInAndKill(place, server, pace);
      await using disk = await openBrokerOnDisk(place);
      await adoptSessions(disk.broker);
      for (const { id, data } of await listAuthSessions<LoginSession>(disk.broker.vault)) {
        if (seen.has(id)) continue;
        seen.add(id);
        const outcome = await judgeLogin(disk.broker, data, server);
        found[outcome]++;
      }
    }
  });

  const { works, finishedLater, failed } = found;
  assert.ok(works > LOGIN_KILLS / 4, `${works} logins were whole`);
  assert.ok(finishedLater + failed > 0, "some were cut short");
});

/** A directory for each lane, and the same work in all of them at once. */
async function inLanes(
  { issuer, root }: AuthorizationServer,
  work: (place: BrokerPlace) => Promise<void>,
): Promise<void> {
  await Promise.all(Array.from({ length: LANES }, async () => {
    const directory = await Deno.makeTempDir({ prefix: "authsome-kill-" });
    try {
      const place = { directory, issuer, root };
      {
        await using disk = await openBrokerOnDisk(place);
        await saveProviderClient(disk.broker.vault, "acme", CLIENT);
      }
      await work(place);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  }));
}

/** Opens the vault as the next process would, and looks at one connection after the other. */
async function eachConnection(
  place: BrokerPlace,
  work: (broker: Broker, name: string) => Promise<void>,
): Promise<void> {
  await using disk = await openBrokerOnDisk(place);
  for (let n = 0; n < CONNECTIONS; n++) await work(disk.broker, `connection-${n}`);
}

async function stored(broker: Broker, connection: string): Promise<Connection> {
  const ref = { provider: "acme", connection };
  const found = await readConnection(broker.vault, DISK_OWNER.vault_id, ref);
  assert.ok(found !== null, `${connection} is gone`);
  return found;
}

/** Whether it does; then the server must have rotated what is stored here. */
async function needsLogin(broker: Broker, name: string, record: RotationRecord): Promise<boolean> {
  const { status, secrets } = await stored(broker, name);
  if (status === "connected") return false;
  assert.equal(status, "needs_reauth");
  assert.ok(record.wasRotated(secrets["refresh_token"]!.reveal()), `${name} died for no reason`);
  return true;
}

async function wasInterrupted({ vault }: Broker, connection: string): Promise<boolean> {
  const ref = { provider: "acme", connection };
  return (await readRefreshJournal(vault, DISK_OWNER.vault_id, ref)).journal.holder !== null;
}

/** What a new login leaves, without the browser's part. */
async function logInAfresh(
  { vault }: Broker,
  connection_name: string,
  server: AuthorizationServer,
): Promise<void> {
  const now = new Date();
  const refresh_token = new Secret(await server.issueRefreshToken());
  const { identity, principal_id, vault_id } = DISK_OWNER;
  await saveConnection(vault, {
    ...{ schema_version: 2, provider: "acme", connection_name, identity, principal_id, vault_id },
    ...{ auth_type: "oauth2", flow: "pkce", status: "connected", base_url: null, api_url: null },
    scopes: ["openid", "offline_access"],
    secrets: { access_token: new Secret("none yet"), refresh_token },
    token_type: "Bearer",
    expires_at: now,
    obtained_at: now,
    account: { id: null, label: null },
    metadata: {},
  }, { now });
}

/** Lets a process refresh a few times and kills it in the middle of the next. */
async function refreshAndKill(place: BrokerPlace, pace: Pace): Promise<void> {
  const worker = startWorker(REFRESHING, place);
  assert.equal(await worker.line(), "begun");
  pace.begin();
  for (let left = Math.floor(Math.random() * 2 * CONNECTIONS); left > 0; left--) {
    if (await worker.line() === null) break;
    pace.note();
  }
  await pace.atRandom();
  await worker.kill();
}

/** Lets a process log in once, twice or not at all, and kills it in the middle of the next. */
async function logInAndKill(
  place: BrokerPlace,
  server: AuthorizationServer,
  pace: { readonly start: Pace; readonly login: Pace },
): Promise<void> {
  const last = Math.floor(Math.random() * 4);
  pace.start.begin();
  const worker = startWorker(LOGGING_IN, place);
  const killed = Promise.withResolvers<void>();
  const killSoon = (within: Pace) => {
    void within.atRandom().then(() => worker.kill()).then(killed.resolve, killed.reject);
  };
  if (last === 0) killSoon(pace.start);
  const browser = (async () => {
    for (let n = 1;; n++) {
      const url = await worker.line();
      if (url === null) return;
      if (n === 1) pace.start.note();
      else pace.login.note();
      pace.login.begin();
      if (n === last) killSoon(pace.login);
      await worker.tell((await server.approve(url)).toString());
    }
  })().catch(() => "the process died");
  await killed.promise;
  await browser;
}

/** A login as a new process finds it: done, to be finished, or ended with a reason. */
async function judgeLogin(
  broker: Broker,
  session: LoginSession,
  server: AuthorizationServer,
): Promise<"works" | "finishedLater" | "failed"> {
  const name = session.connection;
  const known = await readProviderConnections(broker.vault, DISK_OWNER.vault_id, "acme");
  const isThere = known?.connections.some(({ connection_name }) => connection_name === name);
  if (session.status === "failed") {
    assert.match(session.error ?? "", /the daemon was restarted/);
    assert.ok(!isThere, "a login that failed left a connection");
    return "failed";
  }
  const isWaiting = session.status === "waiting_for_user";
  const url = session.authorization_url;
  if (isWaiting && url === null) {
    // It died before anybody was told of the session; nobody knows its id, and it expires.
    assert.ok(!isThere);
    return "failed";
  }
  if (isWaiting) await completeCallback(broker, await server.approve(url!));
  else assert.equal(session.status, "completed");
  const { secrets } = await stored(broker, name);
  assert.ok((await server.introspect(secrets["access_token"]!.reveal())).active);
  assert.ok((await server.introspect(secrets["refresh_token"]!.reveal())).active);
  return isWaiting ? "finishedLater" : "works";
}

/**
 * When to kill: after some of the worker's lines, at random within the time that the next one takes.
 * Measured as the test goes, so that a busy machine is not killed before it has begun.
 */
class Pace {
  #ms = 20;
  #last = performance.now();

  /** The worker begins what its next line will tell. */
  begin(): void {
    this.#last = performance.now();
  }

  /** The worker has said a line. */
  note(): void {
    const now = performance.now();
    this.#ms += (now - this.#last - this.#ms) / 8;
    this.#last = now;
  }

  /** Waits for a moment in which the next line is on its way. */
  async atRandom(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * this.#ms));
  }
}
