/**
 * The OpenAPI document is enough to build on: a linter has nothing to say about it, and a client that
 * a generator makes of it compiles under strict options and works against a daemon. The generated
 * client's only hand-written part is the proof, made after `docs/http-api.md` and of none of our code.
 *
 * @module
 */
import { deepEqual, equal } from "node:assert/strict";
import { createConfig, lintFromString } from "npm:@redocly/openapi-core@1.34.24";
import openapiTS, { astToString } from "openapi-typescript";
import { openApiDocument } from "../../daemon/openapi/document.ts";
import { ROOT } from "../support/temporary_home.ts";
import { BASE_URL, CANARY, openTestDaemon, REGISTRATION_TOKEN } from "./support/test_daemon.ts";

const DOCUMENT = JSON.stringify(openApiDocument("0.1.0"));

Deno.test("openapi: a linter with its recommended rules finds nothing", async () => {
  const config = await createConfig({ extends: ["recommended"] });
  const problems = await lintFromString({ source: DOCUMENT, absoluteRef: "openapi.json", config });

  deepEqual(
    problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer]),
    [],
  );
});

/** What somebody writes who has the document, a generator and the page about proofs. */
const SCRIPT = `
import { createHash, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "./authsome.d.ts";

const [baseUrl, token, now] = process.argv.slice(2) as [string, string, string];
const handle = "generated-client";
const { publicKey, privateKey } = generateKeyPairSync("ed25519");
const raw = publicKey.export({ type: "spki", format: "der" }).subarray(-32);
const did = "did:key:z" + base58(Buffer.concat([Buffer.from([0xed, 0x01]), raw]));

const proof: Middleware = {
  async onRequest({ request }) {
    const body = new Uint8Array(await request.clone().arrayBuffer());
    const { pathname, search } = new URL(request.url);
    const iat = Math.floor(Date.parse(now) / 1000);
    const claims = {
      iss: did, sub: handle, aud: "authsome-daemon", iat, exp: iat + 60, jti: randomUUID(),
      htm: request.method, htu: pathname + search,
      body_sha256: createHash("sha256").update(body).digest("hex"),
    };
    const parts = [{ alg: "EdDSA", typ: "JWT" }, claims];
    const signed = parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
    const signature = sign(null, Buffer.from(signed), privateKey).toString("base64url");
    request.headers.set("authorization", "PoP " + signed + "." + signature);
    return request;
  },
};
const client = createClient<paths>({ baseUrl: baseUrl + "/api" });
client.use(proof);

function must<T>({ data, error }: { data?: T; error?: components["schemas"]["ErrorEnvelope"] }): T {
  if (data === undefined) throw new Error(error?.message ?? "no answer");
  return data;
}

const said: Record<string, unknown> = {};
said.registered = must(await client.POST("/identities/register", {
  body: { handle, did, registration_token: token },
})).registration_status;
const login = must(await client.POST("/auth/sessions", { body: { provider: "acme" } }));
said.asked = login.input_fields.map(({ name, secret }) => [name, secret]);
const done = must(await client.POST("/auth/sessions/{id}/resume", {
  params: { path: { id: login.id } },
  body: { data: { api_key: ${JSON.stringify(CANARY)} } },
}));
said.login = done.status;
const { connections } = must(await client.GET("/connections"));
said.connections = connections.map(({ name, default_connection }) => [name, default_connection]);
const path = { provider: "acme", connection: "default" };
said.masked = must(await client.GET("/connections/{provider}/{connection}", { params: { path } })).api_key;
said.shown = must(await client.GET("/connections/{provider}/{connection}", {
  params: { path, query: { show_secrets: "true" } },
})).api_key;
const { injections } = must(await client.POST("/credentials/resolve", {
  body: { provider: "acme", host: "api.acme.test", path: "/", method: "GET" },
}));
for (const injection of injections) {
  switch (injection.type) {
    case "header": said.header = injection.name; break;
    case "basic": said.basic = injection.username; break;
    case "query": case "path": said.other = injection.value; break;
  }
}
const definition: components["schemas"]["ProviderFile"] = {
  name: "mine", display_name: "Mine", auth_type: "api_key", hosts: ["api.mine.test"],
  injection: { type: "header", name: "X-Key", value: "{api_key}" },
  fields: [{ name: "api_key", label: "Key", secret: true }],
};
said.definition = must(await client.POST("/providers", { body: { definition, force: false } })).action;
const refused = await client.POST("/providers", { body: { ...definition, hosts: ["127.0.0.1"], name: "inside" } });
said.refused = [refused.error?.error, refused.error?.issues?.map(({ path }) => path)];
const missing = await client.GET("/providers/{provider}", { params: { path: { provider: "none" } } });
said.missing = [missing.response.status, missing.error?.error];
const { entries } = must(await client.GET("/audit/events", { params: { query: { limit: 2, event: "get" } } }));
said.events = entries.map(({ status }) => status);

// What the document does not allow does not compile.
// @ts-expect-error: there is no such route
void (() => client.GET("/nothing"));
// @ts-expect-error: the provider is needed
void (() => client.POST("/auth/sessions", { body: { connection: "work" } }));
// @ts-expect-error: there is no such event
void (() => client.GET("/audit/events", { params: { query: { event: "nothing" } } }));
console.log(JSON.stringify(said));

function base58(bytes: Uint8Array): string {
  const alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
  let number = BigInt("0x" + Buffer.from(bytes).toString("hex"));
  let text = "";
  for (; number > 0n; number /= 58n) text = alphabet[Number(number % 58n)] + text;
  return text;
}
`;

Deno.test("openapi: a generated client compiles, and works against a daemon", async () => {
  const folder = await Deno.makeTempDir({ prefix: "authsome-generated-" });
  const daemon = await openTestDaemon();
  const server = serve(daemon.fetch);
  try {
    const types = astToString(await openapiTS(JSON.parse(DOCUMENT)));
    await Deno.writeTextFile(`${folder}/authsome.d.ts`, types);
    await Deno.writeTextFile(
      `${folder}/client.ts`,
      `import process from "node:process";\nimport { Buffer } from "node:buffer";\n${SCRIPT}`,
    );

    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--check",
        "--quiet",
        "--no-lock",
        `--config=${ROOT}/deno.json`,
        "--allow-all",
        `${folder}/client.ts`,
        `http://127.0.0.1:${server.port}`,
        REGISTRATION_TOKEN,
        daemon.clock.now.toISOString(),
      ],
      env: { NO_COLOR: "1" },
      stdin: "null",
    }).output();

    equal(code, 0, new TextDecoder().decode(stderr));
    deepEqual(JSON.parse(new TextDecoder().decode(stdout)), {
      registered: "claimed",
      asked: [["api_key", true]],
      login: "completed",
      connections: [["acme", "default"]],
      masked: "***REDACTED***",
      shown: CANARY,
      header: "Authorization",
      definition: "registered",
      refused: ["InvalidProviderDefinitionError", ["hosts.0"]],
      missing: [404, "ProviderNotFoundError"],
      events: ["success", "success"],
    });
  } finally {
    await daemon.stop();
    await server.stop();
    await Deno.remove(folder, { recursive: true });
  }
});

/** A port of its own in front of a daemon that believes to be at its usual address. */
function serve(
  fetch: (request: Request) => Promise<Response>,
): { readonly port: number; readonly stop: () => Promise<void> } {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { pathname, search } = new URL(request.url);
    const headers = new Headers(request.headers);
    headers.set("host", new URL(BASE_URL).host);
    const { method, body } = request;
    return fetch(new Request(`${BASE_URL}${pathname}${search}`, { method, headers, body }));
  });
  return { port: server.addr.port, stop: () => server.shutdown() };
}
