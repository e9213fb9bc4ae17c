/**
 * Signed `POST /credentials/resolve` over real loopback TCP against the real, confined daemon: the
 * request that the proxy sends for each of an agent's requests. Client and daemon share the machine.
 *
 * @module
 */
import { ensureDaemon, stopDaemon } from "../client/launch.ts";
import { readSettings } from "../core/config.ts";
import { didKey } from "../core/did_key.ts";
import { homePaths } from "../core/paths.ts";
import { createProof, type Signer } from "../core/proof.ts";
import { type BenchRow, median } from "./bench_row.ts";

const REQUESTS = 3000;
const ROUNDS = 3;

/** Requests a second at 1 and at 16 connections, beside `GET /health`, and the time of one. */
export async function benchResolve(): Promise<BenchRow[]> {
  const home = await Deno.makeTempDir({ prefix: "authsome-bench-" });
  const paths = homePaths(`${home}/home`);
  const settings = readSettings((name) =>
    ({ AUTHSOME_HOME: paths.home, AUTHSOME_PORT: "0" } as Record<string, string>)[name]
  );
  try {
    const { baseUrl } = await ensureDaemon(settings, paths, {});
    const token = await Deno.readTextFile(paths.server.registrationToken);
    const call = await prepare(baseUrl, token.trim());
    const health = async (client: Deno.HttpClient) => {
      await (await fetch(`${baseUrl}/api/health`, { client })).text();
    };
    const resolve = async (client: Deno.HttpClient) => {
      const body = { provider: "bench", host: "api.bench.test", path: "/v1/x", method: "GET" };
      await call("POST", "/api/credentials/resolve", body, client);
    };
    const rows: BenchRow[] = [];
    for (const connections of [1, 16]) {
      const against: number[] = [];
      const ours: number[] = [];
      for (let round = 0; round <= ROUNDS; round++) {
        against.push(await rate(health, connections));
        ours.push(await rate(resolve, connections));
      }
      rows.push({
        name: `signed resolve, ${connections} connection${connections === 1 ? "" : "s"}`,
        value: median(ours.slice(1)),
        unit: "req/s",
        against: { name: "GET /health, unsigned", value: median(against.slice(1)) },
        ...(connections === 1 ? { bound: { of: "value", side: "at least", limit: 3000 } } : {}),
        note:
          "signing, verifying, replay memory, vault read and unseal; client on the same machine",
      });
    }
    return rows;
  } finally {
    await stopDaemon(paths);
    await Deno.remove(home, { recursive: true });
  }
}

type Call = (
  method: string,
  path: string,
  body: unknown,
  client?: Deno.HttpClient,
) => Promise<unknown>;

/** An identity, a provider and a key to resolve. */
async function prepare(baseUrl: string, registration_token: string): Promise<Call> {
  const handle = "bench-quickly-surely-0001";
  const keys = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
  const { publicKey, privateKey } = keys as CryptoKeyPair;
  const did = didKey(new Uint8Array(await crypto.subtle.exportKey("raw", publicKey)));
  const signer: Signer = { subject: handle, did, privateKey };
  const call: Call = async (method, path, data, client) => {
    const body = new TextEncoder().encode(JSON.stringify(data));
    const authorization = await createProof(signer, { method, target: path, body }, new Date());
    const response = await fetch(baseUrl + path, {
      method,
      body,
      headers: { authorization, "content-type": "application/json" },
      ...(client === undefined ? {} : { client }),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(JSON.stringify(answer));
    return answer;
  };
  await call("POST", "/api/identities/register", { handle, did, registration_token });
  await call("POST", "/api/providers", { definition: DEFINITION });
  const session = await call("POST", "/api/auth/sessions", { provider: "bench" }) as { id: string };
  await call("POST", `/api/auth/sessions/${session.id}/resume`, { data: { api_key: "key-123" } });
  return call;
}

const DEFINITION = {
  name: "bench",
  display_name: "Bench",
  auth_type: "api_key",
  hosts: ["api.bench.test"],
  injection: { type: "header", name: "Authorization", value: "Bearer {api_key}" },
  fields: [{ name: "api_key", label: "API key", secret: true }],
};

/** Requests a second of `send` over so many kept connections. */
async function rate(
  send: (client: Deno.HttpClient) => Promise<void>,
  connections: number,
): Promise<number> {
  const started = performance.now();
  await Promise.all(Array.from({ length: connections }, async () => {
    using client = Deno.createHttpClient({ poolMaxIdlePerHost: 1 });
    for (let n = 0; n < REQUESTS / connections; n++) await send(client);
  }));
  return REQUESTS / ((performance.now() - started) / 1000);
}
