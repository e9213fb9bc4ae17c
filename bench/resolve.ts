/**
 * Signed `POST /credentials/resolve` over real loopback TCP against the real, confined daemon: the
 * request that the proxy sends for an agent's requests.
 *
 * What the daemon can answer is measured with requests that were signed before the clock starts, each
 * with a proof of its own, and written to a plain connection; the daemon does all of its work for each
 * of them. Of the answers no more is read than their status and where they end: a client that reads
 * them as the proxy does takes a tenth of the time for itself. Beside it stands that client, which
 * signs in between as well. Client and daemon share the machine.
 *
 * @module
 */
import { DaemonClient } from "../client/daemon_client.ts";
import { ensureDaemon, stopDaemon } from "../client/launch.ts";
import { readSettings } from "../core/config.ts";
import { didKey } from "../core/did_key.ts";
import { homePaths } from "../core/paths.ts";
import { createProof, type Signer } from "../core/proof.ts";
import { type BenchRow, median } from "./bench_row.ts";

const REQUESTS = 3000;
const ROUNDS = 5;

/** Requests a second at 1 and at 16 connections, beside `GET /health` by the same client. */
export async function benchResolve(): Promise<BenchRow[]> {
  const directory = await Deno.makeTempDir({ prefix: "authsome-bench-" });
  const paths = homePaths(`${directory}/home`);
  const environment: Record<string, string> = { AUTHSOME_HOME: paths.home, AUTHSOME_PORT: "0" };
  const settings = readSettings((name) => environment[name]);
  try {
    const { baseUrl } = await ensureDaemon(settings, paths);
    const token = await Deno.readTextFile(paths.server.registrationToken);
    const signer = await prepare(baseUrl, token.trim());
    const health = { method: "GET", target: "/api/health", body: null };
    const rows: BenchRow[] = [];
    for (const connections of [1, 16]) {
      const rates = { health: [] as number[], signed: [] as number[], client: [] as number[] };
      for (let round = 0; round <= ROUNDS; round++) {
        const unsigned = await Promise.all(
          Array.from({ length: REQUESTS }, () => serialize(health, baseUrl, null)),
        );
        rates.health.push(await rate(sendPlainly(baseUrl, unsigned), connections));
        const signed: Uint8Array[] = [];
        while (signed.length < REQUESTS) signed.push(await serialize(RESOLVE, baseUrl, signer));
        rates.signed.push(await rate(sendPlainly(baseUrl, signed), connections));
        rates.client.push(await rate(sendByClient(baseUrl, signer), connections));
      }
      const of = connections === 1 ? "1 connection" : `${connections} connections`;
      const against = {
        name: "GET /health, unsigned",
        value: median(rates.health.slice(1)),
      };
      rows.push({
        name: `signed resolve, ${of}`,
        value: median(rates.signed.slice(1)),
        unit: "req/s",
        against,
        ...(connections === 1
          ? { bound: { of: "value", side: "at least", limit: 3000 }, isHeadline: true }
          : {}),
        note: "verifying, replay memory, opening the sealed record; signed before the clock starts",
      }, {
        name: `signed resolve by the proxy's client, ${of}`,
        value: median(rates.client.slice(1)),
        unit: "req/s",
        against,
        note: "the same, and the signing; client on the same machine",
      });
    }
    return rows;
  } finally {
    await stopDaemon(paths);
    await Deno.remove(directory, { recursive: true });
  }
}

const REQUEST = { provider: "bench", host: "api.bench.test", path: "/v1/x", method: "GET" };
const RESOLVE = {
  method: "POST",
  target: "/api/credentials/resolve",
  body: new TextEncoder().encode(JSON.stringify(REQUEST)),
};

const DEFINITION = {
  name: "bench",
  display_name: "Bench",
  auth_type: "api_key",
  hosts: ["api.bench.test"],
  injection: { type: "header", name: "Authorization", value: "Bearer {api_key}" },
  fields: [{ name: "api_key", label: "API key", secret: true }],
};

/** An identity that is registered, with a provider and a key to resolve. */
async function prepare(baseUrl: string, registration_token: string): Promise<Signer> {
  const handle = "bench-quickly-surely-0001";
  const keys = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
  const { publicKey, privateKey } = keys as CryptoKeyPair;
  const did = didKey(new Uint8Array(await crypto.subtle.exportKey("raw", publicKey)));
  const signer: Signer = { subject: handle, did, privateKey };
  using client = new DaemonClient({ baseUrl, signer });
  await client.registerIdentity({ handle, did, registration_token });
  await client.registerProvider({ definition: DEFINITION });
  const { id } = await client.createSession({ provider: "bench" });
  await client.resumeSession(id, { api_key: "key-123" });
  return signer;
}

/** A request as it goes over the wire, with a proof of its own unless `signer` is null. */
async function serialize(
  { method, target, body }: { method: string; target: string; body: Uint8Array | null },
  baseUrl: string,
  signer: Signer | null,
): Promise<Uint8Array> {
  const bytes = body ?? new Uint8Array();
  const lines = [`${method} ${target} HTTP/1.1`, `host: ${new URL(baseUrl).host}`];
  if (signer !== null) {
    const proof = await createProof(signer, { method, target, body: bytes }, new Date());
    lines.push(`authorization: ${proof}`);
  }
  if (body !== null) {
    lines.push("content-type: application/json", `content-length: ${body.length}`);
  }
  const head = new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`);
  return Uint8Array.from([...head, ...bytes]);
}

/** Sends `count` requests over one connection, one after the other. */
type SendMany = (count: number) => Promise<void>;

/** Sends what was prepared; no request is sent twice. */
function sendPlainly(baseUrl: string, requests: Uint8Array[]): SendMany {
  const { hostname, port } = new URL(baseUrl);
  return async (count) => {
    using connection = await Deno.connect({ hostname, port: Number(port) });
    connection.setNoDelay(true);
    const buffer = new Uint8Array(16 * 1024);
    for (let n = 0; n < count; n++) {
      await connection.write(requests.pop()!);
      await readAnswer(connection, buffer);
    }
  };
}

/** Reads one answer, the only one under way on its connection. */
async function readAnswer(connection: Deno.Conn, buffer: Uint8Array): Promise<void> {
  let end = Infinity;
  for (let size = 0; size < end;) {
    size += await connection.read(buffer.subarray(size)) ?? Number.NaN;
    if (Number.isNaN(size)) throw new Error("the daemon closed the connection");
    if (end !== Infinity) continue;
    const text = new TextDecoder().decode(buffer.subarray(0, size));
    const head = /^HTTP\/1\.1 200 [^]*?\r\ncontent-length: (\d+)\r\n[^]*?\r\n\r\n/i.exec(text);
    if (head !== null) end = head[0].length + Number(head[1]);
    else if (!"HTTP/1.1 200 ".startsWith(text.slice(0, 13))) {
      throw new Error(`the daemon answered ${text}`);
    }
  }
}

function sendByClient(baseUrl: string, signer: Signer): SendMany {
  return async (count) => {
    using client = new DaemonClient({ baseUrl, signer });
    for (let n = 0; n < count; n++) await client.resolveCredential(REQUEST);
  };
}

/** Requests a second over so many connections at a time. */
async function rate(send: SendMany, connections: number): Promise<number> {
  const each = Math.floor(REQUESTS / connections);
  const started = performance.now();
  await Promise.all(Array.from({ length: connections }, () => send(each)));
  return each * connections / ((performance.now() - started) / 1000);
}
