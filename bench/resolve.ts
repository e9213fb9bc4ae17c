/**
 * Signed `POST /credentials/resolve` over real loopback TCP against the real, confined daemon: the
 * request that the proxy sends for each of an agent's requests, by the client that sends it. Client
 * and daemon share the machine.
 *
 * @module
 */
import { DaemonClient } from "../client/daemon_client.ts";
import { ensureDaemon, stopDaemon } from "../client/launch.ts";
import { readSettings } from "../core/config.ts";
import { didKey } from "../core/did_key.ts";
import { homePaths } from "../core/paths.ts";
import type { Signer } from "../core/proof.ts";
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
    const rows: BenchRow[] = [];
    for (const connections of [1, 16]) {
      const health: number[] = [];
      const resolve: number[] = [];
      for (let round = 0; round <= ROUNDS; round++) {
        health.push(
          await rate({ baseUrl, signer: null }, connections, (client) => client.health()),
        );
        resolve.push(
          await rate(
            { baseUrl, signer },
            connections,
            (client) => client.resolveCredential(REQUEST),
          ),
        );
      }
      rows.push({
        name: `signed resolve, ${connections} connection${connections === 1 ? "" : "s"}`,
        value: median(resolve.slice(1)),
        unit: "req/s",
        against: { name: "GET /health, unsigned", value: median(health.slice(1)) },
        ...(connections === 1 ? { bound: { of: "value", side: "at least", limit: 3000 } } : {}),
        note:
          "signing, verifying, replay memory, vault read and unseal; client on the same machine",
      });
    }
    return rows;
  } finally {
    await stopDaemon(paths);
    await Deno.remove(directory, { recursive: true });
  }
}

const REQUEST = { provider: "bench", host: "api.bench.test", path: "/v1/x", method: "GET" };

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

/** Requests a second of `send` by so many clients, each with a connection of its own. */
async function rate(
  options: { readonly baseUrl: string; readonly signer: Signer | null },
  connections: number,
  send: (client: DaemonClient) => Promise<unknown>,
): Promise<number> {
  const started = performance.now();
  await Promise.all(Array.from({ length: connections }, async () => {
    using client = new DaemonClient(options);
    for (let n = 0; n < REQUESTS / connections; n++) await send(client);
  }));
  return REQUESTS / ((performance.now() - started) / 1000);
}
