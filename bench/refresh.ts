/**
 * A refresh as the daemon does it (journal, TLS through the egress relay, token set on disk) beside
 * the same request sent directly, and beside what nobody could leave out of it; and what callers wait
 * for while one is under way.
 *
 * @module
 */
import type { RelayBoot, RelayReady } from "../core/boot.ts";
import type { Connection } from "../core/connection.ts";
import { Secret } from "../core/secret.ts";
import type { Broker } from "../daemon/broker/broker.ts";
import { refreshConnection } from "../daemon/broker/refresh_connection.ts";
import { resolveCredential } from "../daemon/broker/resolve_credential.ts";
import { openEgress } from "../daemon/egress.ts";
import { basicAuthorization } from "../daemon/oauth/client_authentication.ts";
import type { RelayAddress } from "../daemon/egress/open_tunnel.ts";
import { openEgressControl } from "../daemon/egress_control.ts";
import { egressPolicy } from "../daemon/egress_policy.ts";
import { readConnection, saveConnection } from "../daemon/records/connections.ts";
import { saveProviderClient } from "../daemon/records/provider_clients.ts";
import { CONFIDENTIAL } from "../tests/support/authorization_server.ts";
import { DISK_OWNER, openBrokerOnDisk } from "../tests/support/broker_on_disk.ts";
import { hang, json, startRudeServer } from "../tests/support/rude_server.ts";
import { typedClient } from "../tests/support/typed_client.ts";
import type { BenchRow } from "./bench_row.ts";
import { measureInterleaved } from "./measure.ts";
import { RawStore } from "./raw_store.ts";
import { startTokenServer, type TokenServer } from "./token_server.ts";

const ROUNDS = 60;
const CALLERS = 1000;
/** Resolves in one sample, so that a sample is long enough to be timed. */
const RESOLVES = 500;
/** In which server and relay close what is answered. */
const SETTLE_MS = 5;
/** What a provider takes that is not on this machine. */
const FAR_MS = 200;
/** The refresh token whose refresh never ends. */
const HANGS = "hangs";

/** The rows of this file. */
export async function benchRefresh(): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  {
    await using certified = await startTokenServer(4);
    await withBroker(certified, certified.refresh_tokens[0]!, async (broker, place) => {
      rows.push(...await oneRefresh(broker, certified, place));
    });
  }
  let delayMs = 0;
  await using plain = await startRudeServer({
    "/token": async ({ form }) => {
      if (form.get("refresh_token") === HANGS) return await hang();
      if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
      const next = crypto.randomUUID();
      return json({ access_token: next, refresh_token: next, expires_in: 3600 });
    },
  });
  await withBroker({ issuer: plain.origin, root: plain.root }, "first", async (broker) => {
    rows.push(
      await waitingCallers(broker, "a provider on this machine", "the wait alone", waiter),
    );
    delayMs = FAR_MS;
    const far = `a provider that takes ${FAR_MS} ms`;
    rows.push(await waitingCallers(broker, far, "whole resolves", resolver));
    rows.push(await besideAHangingOne(broker));
  });
  return rows;
}

/**
 * A whole refresh beside its request alone, through the relay and without it; and the least that a
 * refresh as promised takes: the relay, a write before and a write behind the request, all by hand.
 */
async function oneRefresh(
  broker: Broker,
  server: TokenServer,
  { directory, relay }: BrokerSurroundings,
): Promise<BenchRow[]> {
  let [, relayed, byHand, least] = server.refresh_tokens as [string, string, string, string];
  const store = new RawStore(
    `${directory}/raw.db`,
    crypto.getRandomValues(new Uint8Array(32)),
  );
  const medians = await measureInterleaved(
    {
      ours: async () => void await resolve(broker, refusal()),
      relayed: async () => {
        const { client_id, client_secret } = CONFIDENTIAL;
        const response = await broker.fetch(`${server.issuer}/token`, {
          method: "POST",
          headers: { authorization: basicAuthorization(client_id, client_secret) },
          body: new URLSearchParams({ grant_type: "refresh_token", refresh_token: relayed }),
        });
        relayed = (await response.json()).refresh_token;
      },
      byHand: async () => void (byHand = await roundTrip(server, byHand)),
      least: async () => {
        store.put("intent", RECORD);
        least = await roundTrip(server, least, relay);
        store.put("connection", RECORD);
      },
    },
    ROUNDS,
    () => new Promise((resolve) => setTimeout(resolve, SETTLE_MS)),
  );
  store.close();
  const row = {
    name: "refresh at a certified server, with its own TLS handshake",
    value: medians.ours,
    unit: "ms",
    bound: { of: "ratio", side: "at most", limit: 2 },
  } as const;
  return [
    {
      ...row,
      against: { name: "the request alone, through the relay", value: medians.relayed },
      note: "ours with two synced writes",
    },
    {
      ...row,
      against: { name: "the request by hand, without the relay", value: medians.byHand },
      note: "relay and server are processes of their own",
      isHeadline: true,
    },
    {
      name:
        "the least of it by hand: the request through the relay, a synced write before and after",
      value: medians.least,
      unit: "ms",
      against: { name: "the request by hand, without the relay", value: medians.byHand },
      note: "what no refresh as promised can be quicker than, unless it does two things at once",
    },
  ];
}

/** About as long as a connection's record. */
const RECORD = JSON.stringify({ access_token: "a".repeat(200), metadata: "m".repeat(300) });

/**
 * A refresh over a new TLS connection, written and read by hand, through `relay` where one is given;
 * gives the next refresh token.
 */
async function roundTrip(
  { issuer, root }: TokenServer,
  refresh_token: string,
  relay: RelayAddress | null = null,
): Promise<string> {
  const { hostname, port, host } = new URL(issuer);
  const tcp = await Deno.connect({ hostname: "127.0.0.1", port: relay?.port ?? Number(port) });
  // Else the request waits 40 ms for the acknowledgement of the handshake.
  tcp.setNoDelay(true);
  if (relay !== null) {
    await tcp.write(
      new TextEncoder().encode(
        `CONNECT ${host} HTTP/1.1\r\nproxy-authorization: Bearer ${relay.secret}\r\n\r\n`,
      ),
    );
    await tcp.read(new Uint8Array(1024));
  }
  using conn = await Deno.startTls(tcp, { hostname, caCerts: [root] });
  const body = new URLSearchParams({ grant_type: "refresh_token", refresh_token }).toString();
  const { client_id, client_secret } = CONFIDENTIAL;
  const head = `POST /token HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n` +
    `authorization: ${basicAuthorization(client_id, client_secret)}\r\n` +
    "content-type: application/x-www-form-urlencoded\r\n" +
    `content-length: ${body.length}\r\n\r\n`;
  await conn.write(new TextEncoder().encode(head + body));
  const text = await new Response(conn.readable).text();
  return JSON.parse(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1)).refresh_token;
}

/** Later than it can be: a token that is refused as soon as it was renewed is not renewed again. */
function refusal(): Date {
  return new Date(Date.now() + 600_000);
}

/** Asks for the credential like a proxy after a 401; a new token comes of it. */
async function resolve(broker: Broker, rejectedAt: Date): Promise<unknown> {
  const rejected_at = rejectedAt.toISOString();
  return await resolveCredential(broker, DISK_OWNER, {
    provider: "acme",
    connection: "default",
    rejected_at,
  });
}

/** Whole resolves, from the request of a proxy on. */
function resolver(broker: Broker): Promise<(rejectedAt: Date) => Promise<unknown>> {
  return Promise.resolve((rejectedAt) => resolve(broker, rejectedAt));
}

/** Gives what asks for a fresh token like a caller that has read the connection. */
async function waiter(broker: Broker): Promise<(rejectedAt: Date) => Promise<unknown>> {
  const ref = { provider: "acme", connection: "default" };
  const stored = await readConnection(broker.vault, DISK_OWNER.vault_id, ref);
  return (rejectedAt) => refreshConnection(broker, stored!, { rejectedAt });
}

async function waitingCallers(
  broker: Broker,
  where: string,
  note: string,
  asker: (broker: Broker) => Promise<(rejectedAt: Date) => Promise<unknown>>,
): Promise<BenchRow> {
  const together = async (callers: number) => {
    const ask = await asker(broker);
    const rejectedAt = refusal();
    await Promise.all(Array.from({ length: callers }, () => ask(rejectedAt)));
  };
  const medians = await measureInterleaved({
    all: () => together(CALLERS),
    one: () => together(1),
  }, 30);
  return {
    name: `${CALLERS.toLocaleString("en")} callers at the moment of expiry, ${where}`,
    value: medians.all,
    unit: "ms",
    against: { name: "one caller", value: medians.one },
    bound: { of: "ratio", side: "at most", limit: 1.5 },
    note,
  };
}

async function besideAHangingOne(broker: Broker): Promise<BenchRow> {
  const fresh = async () => {
    for (let n = 0; n < RESOLVES; n++) {
      await resolveCredential(broker, DISK_OWNER, { provider: "acme", connection: "default" });
    }
  };
  const calm = await measureInterleaved({ fresh }, ROUNDS);
  const rejected_at = refusal().toISOString();
  const request = { provider: "acme", connection: "hanging", rejected_at };
  // It ends with the broker.
  void resolveCredential(broker, DISK_OWNER, request).catch(() => {});
  const beside = await measureInterleaved({ fresh }, ROUNDS);
  return {
    name: "resolve of a fresh token while another connection's refresh hangs",
    value: beside.fresh * 1000 / RESOLVES,
    unit: "µs",
    against: { name: "while none does", value: calm.fresh * 1000 / RESOLVES },
    bound: { of: "ratio", side: "at most", limit: 1.25 },
    note: "inside the daemon, without HTTP and proof",
  };
}

interface BrokerSurroundings {
  readonly directory: string;
  readonly relay: RelayAddress;
}

/** A broker over a vault on disk, with the egress relay between it and the server. */
async function withBroker(
  { issuer, root }: Pick<TokenServer, "issuer" | "root">,
  refreshToken: string,
  work: (broker: Broker, surroundings: BrokerSurroundings) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "authsome-bench-" });
  const secret = crypto.randomUUID();
  const { hostname, port } = new URL(issuer);
  const relay = await startRelayProcess(secret);
  const control = await openEgressControl({ port: relay.port, secret });
  try {
    await control.allow("bench", [{ host: hostname, port: Number(port), private: true }]);
    const egress = openEgress({ port: relay.port, secret }, { extraRoots: [root] });
    const way = { ...egress, ...egressPolicy(control) };
    await using disk = await openBrokerOnDisk({ directory, issuer, root }, way);
    await prepare(disk.broker, refreshToken);
    await work(disk.broker, { directory, relay: { port: relay.port, secret } });
  } finally {
    // The relay ends with the control connection.
    control.close();
    await relay.ended;
    await Deno.remove(directory, { recursive: true });
  }
}

/** The relay as a process of its own, as it always is. */
async function startRelayProcess(
  secret: string,
): Promise<{ readonly port: number; readonly ended: Promise<unknown> }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", new URL("../daemon/relay_main.ts", import.meta.url).href],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const boot: RelayBoot = {
    port: 0,
    secret,
    allow_private: false,
    https_proxy: null,
    no_proxy: [],
  };
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(`${JSON.stringify(boot)}\n`));
  await writer.close();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await reader.read();
  await reader.cancel();
  const { port } = JSON.parse(value) as RelayReady;
  return { port, ended: child.status };
}

async function prepare({ vault }: Broker, refreshToken: string): Promise<void> {
  const { client_id, client_secret } = CONFIDENTIAL;
  await saveProviderClient(vault, "acme", typedClient(client_id, client_secret));
  const now = new Date();
  for (const [name, token] of [["default", refreshToken], ["hanging", HANGS]] as const) {
    await saveConnection(vault, connectionOf(name, token, now), { now });
  }
}

function connectionOf(connection_name: string, refresh_token: string, now: Date): Connection {
  const { identity, principal_id, vault_id } = DISK_OWNER;
  return {
    schema_version: 2,
    provider: "acme",
    connection_name,
    identity,
    principal_id,
    vault_id,
    auth_type: "oauth2",
    flow: "pkce",
    status: "connected",
    base_url: null,
    api_url: null,
    scopes: ["read"],
    secrets: {
      access_token: new Secret("first"),
      refresh_token: new Secret(refresh_token),
    },
    token_type: "Bearer",
    expires_at: new Date(now.getTime() + 3_600_000),
    obtained_at: now,
    account: { id: null, label: null },
    metadata: {},
  };
}
