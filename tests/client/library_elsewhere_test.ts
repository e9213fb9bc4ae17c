/**
 * The library in Node.js and in Bun: bundled as an application's bundler would, used against a
 * daemon. The name of a test that is skipped says what is missing.
 *
 * @module
 */
import { deepEqual, equal } from "node:assert/strict";
import { findBun, installClients, works } from "../support/client_programs.ts";
import { findProgram } from "../support/deno_on_path.ts";
import { ROOT } from "../support/temporary_home.ts";
import {
  BASE_URL,
  CANARY,
  openTestDaemon,
  REGISTRATION_TOKEN,
} from "../daemon/support/test_daemon.ts";

/** What is run there: every kind of call, and what it says of the answer. */
const SCRIPT = `
import {
  ConnectionNotFoundError, createFetch, DaemonClient, generateSeed, Secret, signerFromSeed,
} from "./mod.js";

const [baseUrl, now] = process.argv.slice(2);
const signer = await signerFromSeed("from-elsewhere", new Secret(generateSeed()));
const client = new DaemonClient({
  baseUrl,
  signer,
  now: () => new Date(now),
  onUnknownIdentity: (client) => client.registerIdentity({
    handle: "from-elsewhere", did: signer.did, registration_token: ${
  JSON.stringify(REGISTRATION_TOKEN)
},
  }),
});
const said = {};
said.health = (await client.health()).status;
said.identity = (await client.whoami()).identity;
const { id, input_fields } = await client.createSession({ provider: "acme" });
said.asked = input_fields.map((field) => field.name);
said.login = (await client.resumeSession(id, { api_key: ${JSON.stringify(CANARY)} })).status;
const missing = await client.getConnection({ provider: "acme", connection: "other" }).catch((e) => e);
said.missing = [missing instanceof ConnectionNotFoundError, missing.code];
const aborted = await client.listProviders({ signal: AbortSignal.abort() }).catch((e) => e);
said.aborted = aborted.name;
const stop = new AbortController();
for await (const event of client.proxyEvents(stop.signal)) {
  said.event = event.type;
  stop.abort();
}
const acme = createFetch({
  provider: "acme",
  client,
  fetch: (url, init) => Promise.resolve(Response.json([String(url), init.headers.get("authorization")])),
});
said.fetched = await (await acme("https://api.acme.test/v1", { method: "POST", body: "x" })).json();
said.refused = (await acme("https://evil.test/").catch((e) => e)).name;
const alone = createFetch({ provider: "acme" });
said.alone = (await alone("https://api.acme.test/").catch((e) => e)).name;
client.close();
console.log(JSON.stringify(said));
`;

const clients = await Deno.makeTempDir({ prefix: "authsome-clients-" });
Deno.test.afterAll(() => Deno.remove(clients, { recursive: true }));

/** Bun comes from npm where the machine has none. */
async function findRuntime(program: "node" | "bun"): Promise<string | null> {
  const found = isShim(program) ? null : findProgram(program, Deno.env.get("PATH") ?? "");
  // Node.js 18 has no WebCrypto among its globals; the library wants 20.
  const isYoung = "if (parseInt(process.versions.node) < 20) process.exit(1)";
  if (program === "node") return await works("node", "-e", isYoung) ? found : null;
  if (found !== null) return found;
  return await installClients(clients) ? await findBun(clients) : null;
}

for (const program of ["node", "bun"] as const) {
  const path = await findRuntime(program);
  Deno.test({
    name: `the library works in ${program}${
      path === null ? ` (skipped: no ${program} that it works in)` : ""
    }`,
    ignore: path === null,
    fn: async () => {
      const folder = await Deno.makeTempDir({ prefix: "authsome-library-" });
      const daemon = await openTestDaemon();
      const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
        const { pathname, search } = new URL(request.url);
        // The test daemon believes to be at its own address.
        const headers = new Headers(request.headers);
        headers.set("host", new URL(BASE_URL).host);
        return daemon.fetch(
          new Request(`${BASE_URL}${pathname}${search}`, {
            method: request.method,
            headers,
            body: request.body,
            signal: request.signal,
          }),
        );
      });
      try {
        await run(Deno.execPath(), [
          "bundle",
          "--quiet",
          "--platform=deno",
          "--code-splitting",
          `--outdir=${folder}`,
          "mod.ts",
        ], ROOT);
        await Deno.writeTextFile(`${folder}/package.json`, '{"type":"module"}');
        await Deno.writeTextFile(`${folder}/script.js`, SCRIPT);

        const baseUrl = `http://127.0.0.1:${server.addr.port}`;
        const now = daemon.clock.now.toISOString();
        const output = await run(path!, [`${folder}/script.js`, baseUrl, now], folder, {
          // Would send even loopback through a proxy where nothing listens.
          HTTP_PROXY: "http://127.0.0.1:9",
          NODE_USE_ENV_PROXY: "1",
        });

        deepEqual(JSON.parse(output), {
          health: "ok",
          identity: "from-elsewhere",
          asked: ["api_key"],
          login: "completed",
          missing: [true, "connection_not_found"],
          aborted: "AbortError",
          event: "change",
          fetched: ["https://api.acme.test/v1", `Bearer ${CANARY}`],
          refused: "GrantDeniedError",
          alone: "InvalidInputError",
        });
      } finally {
        await daemon.stop();
        await server.shutdown();
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

/** `deno task` puts a stand-in for `node` on the path where there is none; it is Deno, not Node. */
function isShim(program: string): boolean {
  return program === "node" && Deno.env.get("DENO_NODE_SHIM_ACTIVE") !== undefined;
}

async function run(
  program: string,
  args: string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args,
    cwd,
    env,
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  equal(code, 0, text.decode(stderr));
  return text.decode(stdout);
}
