/**
 * The OpenAPI document says what the daemon does: it is valid, it names every route, and whatever a
 * route answers, to good requests and bad ones, is in it.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { Validator } from "npm:@seriousme/openapi-schema-validator@2.11.0";
import type { BackupAnswer, GrantItem, Session } from "../../core/api.ts";
import type { IdentityClaim } from "../../core/identity_claim.ts";
import { createProof, type Signer } from "../../core/proof.ts";
import { createApp } from "../../daemon/app.ts";
import { BACKUP_BODY_LIMIT } from "../../daemon/middleware/body_limit.ts";
import { providerItem } from "../../daemon/openapi/provider_schema.ts";
import { bundledProviders } from "../../providers/mod.ts";
import { swaggerUiFiles } from "../support/embed_swagger_ui.ts";
import {
  type DocumentedOperation,
  type DocumentedRequest,
  OpenApiClient,
  type Values,
} from "../support/openapi_client.ts";
import {
  BASE_URL,
  type Client,
  clientFor,
  grantRun,
  logIn,
  newSigner,
  openTestDaemon,
  registerOwner,
  REGISTRATION_TOKEN,
  type TestDaemon,
} from "./support/test_daemon.ts";

const client = await readDocument();

Deno.test("openapi: the document is valid OpenAPI 3.1", async () => {
  const daemon = await openTestDaemon();
  const response = await daemon.request("/openapi.json");
  const { valid, errors } = await new Validator().validate(await response.json());

  ok(valid, JSON.stringify(errors));
  equal(response.headers.get("content-type"), "application/json");
  await daemon.stop();
});

Deno.test("openapi: every route is an operation, every operation a route", async () => {
  const daemon = await openTestDaemon();
  const app = createApp({
    broker: daemon.broker,
    proofs: { now: () => daemon.clock.now, identify: () => Promise.reject(), useOnce: () => {} },
    health: { version: "0", instance: "ab", egress: () => "ok" },
    own: () => ({ hosts: new Set(), origins: new Set() }),
    log: { info() {}, warn() {}, error() {} },
  });
  const routes = app.routes
    .filter(({ method }) => method !== "ALL")
    // The dashboard's pages are for browsers, and the document describes itself.
    .filter(({ path }) => path === "/ui/session" || !/^\/(ui|docs|openapi\.json)(\/|$)/.test(path))
    .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`);

  deepEqual(
    [...new Set(routes)].sort(),
    client.operations.map(({ method, path }) => `${method} ${path}`).sort(),
  );
  await daemon.stop();
});

Deno.test("openapi: every example fits its schema", () => {
  for (const operation of client.operations) client.checkExamples(operation);
});

Deno.test("openapi: every bundled provider fits the schema of what is answered", () => {
  for (const definition of bundledProviders()) {
    const item = { ...definition, source: "bundled", overrides_bundled: false };
    const { error } = providerItem.safeParse(item);
    equal(error, undefined, `${definition.name}: ${error?.message}`);
  }
});

for (const operation of client.operations) {
  Deno.test(`openapi: ${operation.method} ${operation.path} answers as documented`, async (t) => {
    for (const [title, attempt] of Object.entries(ATTEMPTS)) {
      await t.step(title, async () => {
        const daemon = await openTestDaemon();
        try {
          await attempt(await prepare(daemon, operation));
        } finally {
          await daemon.stop();
        }
      });
    }
  });
}

Deno.test("docs: Swagger UI comes from the daemon alone, under a policy without inline script", async () => {
  const daemon = await openTestDaemon();

  const page = await daemon.request("/docs");
  const html = await page.text();

  const policy = page.headers.get("content-security-policy")!;
  ok(policy.startsWith("default-src 'none'; script-src 'self'; style-src 'self';"));
  equal(/unsafe/.test(policy), false);
  equal(/<script(?! src="\/docs\/)|<style|\son\w+=|https?:/.test(html), false);
  for (const [, path] of html.matchAll(/(?:src|href)="(\/docs\/[^"]+)"/g)) {
    const asset = await daemon.request(path!);
    equal(asset.status, 200, path);
    ok((await asset.text()).length > 100);
  }
  await daemon.stop();
});

Deno.test("docs: what is carried of Swagger UI is what its npm package holds", async () => {
  const daemon = await openTestDaemon();
  const { script, style, notices } = await swaggerUiFiles();

  const text = async (path: string) => await (await daemon.request(path)).text();

  ok(await text("/docs/swagger-ui-bundle.js") === script, "run: deno task swagger_ui");
  ok(await text("/docs/swagger-ui.css") === style, "run: deno task swagger_ui");
  ok(await text("/docs/swagger-ui-bundle.js.LICENSE.txt") === notices, "run: deno task swagger_ui");
  await daemon.stop();
});

/** A daemon in which the operation's example means something. */
interface Prepared {
  readonly daemon: TestDaemon;
  readonly operation: DocumentedOperation;
  readonly owner: Client;
  readonly run: Client;
  readonly values: Values;
  /** Who the operation is for. */
  readonly signer: Signer | null;
}

const ATTEMPTS: Readonly<Record<string, (prepared: Prepared) => Promise<void>>> = {
  "a good request, at /api/x": async (prepared) => {
    const expected = prepared.operation.operationId === "oauthCallback" ? 400 : 200;
    equal((await send(prepared, { prefix: "/api" })).status, expected);
  },
  "a good request, at /x": async (prepared) => {
    const expected = prepared.operation.operationId === "oauthCallback" ? 400 : 200;
    equal((await send(prepared)).status, expected);
  },
  "no proof": async (prepared) => {
    const { status } = await send(prepared, { signer: null });
    if (prepared.signer !== null) equal(status, 401);
  },
  "the proof of a key that nobody knows": async (prepared) => {
    if (prepared.signer === null) return;
    equal((await send(prepared, { signer: await newSigner("stranger") })).status, 401);
  },
  "a proof for another request": async (prepared) => {
    if (prepared.signer === null) return;
    equal((await send(prepared, { provenTarget: "/other" })).status, 401);
  },
  "something that is no proof": async (prepared) => {
    if (prepared.signer === null) return;
    for (const authorization of ["PoP a.b.c", "Bearer x", "PoP", ""]) {
      equal((await send(prepared, { headers: { authorization } })).status, 401);
    }
  },
  "a run identity": async (prepared) => {
    const { operation, run } = prepared;
    const { status } = await send(prepared, { signer: run.signer });
    const callers = operation["x-callers"];
    if (callers === "owner") equal(status, 403);
    // Somebody else's grant; its own goes by the name of `self`.
    else if (operation.path === "/grants/{id}") equal(status, 403);
    else if (callers === "owner_or_run") equal(status, 200);
  },
  "a run identity, about itself": async (prepared) => {
    const { operation, run } = prepared;
    if (operation.path !== "/grants/{id}" || operation["x-callers"] !== "owner_or_run") return;
    const values = { parameters: { id: "self" } };
    equal((await send(prepared, { signer: run.signer, values })).status, 200);
  },
  "a body that is not what it says": async (prepared) => {
    if (prepared.operation.requestBody === undefined) return;
    const isForm = !("application/json" in prepared.operation.requestBody.content);
    for (const body of ["{", "null", "[]", '"x"', "\u0000", "{}", '{"unknown":1}', deep(10_000)]) {
      const { status } = await send(prepared, { body });
      // An export of everything needs nothing said, nor does a key that the daemon makes, nor a claim.
      const isEnough = body === "{}" &&
        ["exportCredentials", "rotateKeys", "acceptClaim"].includes(prepared.operation.operationId);
      ok(isForm || isEnough || status === 422, `${body.slice(0, 20)}: ${status}`);
    }
  },
  "a body that is too large": async (prepared) => {
    if (prepared.operation.method === "GET") return;
    const limit = /^\/backup\/./.test(prepared.operation.path) ? BACKUP_BODY_LIMIT : 1024 * 1024;
    const body = JSON.stringify({ x: "x".repeat(limit) });
    const { status } = await send(prepared, { body, type: "application/json" });
    ok(status === 413 || status === 415 || prepared.operation["x-callers"] === "anyone");
  },
  "a body of another type": async (prepared) => {
    if (prepared.operation.method === "GET") return;
    for (const type of ["text/plain", "multipart/form-data; boundary=x", "application/xml", ""]) {
      equal((await send(prepared, { body: "x", type })).status, 415);
    }
  },
  "ids and names that nobody has": async (prepared) => {
    const names = (prepared.operation.parameters ?? [])
      .filter((parameter) => parameter.in === "path").map(({ name }) => name);
    if (names.length === 0) return;
    const strange = [
      "nobody",
      "sess_" + "0".repeat(32),
      "grant_" + "0".repeat(24),
      "%",
      "😀",
      "A b",
    ];
    for (const value of strange) {
      const parameters = Object.fromEntries(names.map((name) => [name, value]));
      const { status } = await send(prepared, { values: { ...prepared.values, parameters } });
      // What is not there is logged out of already.
      const isDone = prepared.operation.operationId === "logOut" && status === 200;
      ok(isDone || [400, 403, 404].includes(status), `${value}: ${status}`);
    }
  },
  "a query that means nothing": async (prepared) => {
    const names = (prepared.operation.parameters ?? [])
      .filter((parameter) => parameter.in === "query").map(({ name }) => name);
    const parameters = {
      ...prepared.values.parameters,
      ...Object.fromEntries(names.map((name) => [name, "\u0001nonsense"])),
    };
    const { status } = await send(prepared, { values: { ...prepared.values, parameters } });
    if (names.length > 0) ok([400, 404, 422].includes(status), String(status));
  },
  "another host": async (prepared) => {
    equal((await send(prepared, { headers: { host: "evil.test" } })).status, 403);
  },
  "another origin": async (prepared) => {
    equal((await send(prepared, { headers: { origin: "https://evil.test" } })).status, 403);
  },
};

interface Sending {
  readonly prefix?: "" | "/api";
  readonly signer?: Signer | null;
  readonly values?: Values;
  readonly body?: string;
  readonly type?: string;
  /** Signed in place of the real target. */
  readonly provenTarget?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends the operation's request, differing as said, and holds the answer to the document. */
async function send(
  prepared: Prepared,
  { prefix = "", signer = prepared.signer, values = prepared.values, ...other }: Sending = {},
): Promise<{ status: number; text: string }> {
  const { daemon, operation } = prepared;
  const request: DocumentedRequest = client.request(operation, values);
  const target = prefix + request.target;
  const text = other.body ?? request.body;
  const body = text === null ? null : new TextEncoder().encode(text);
  const type = other.type ?? request.type;
  const headers = new Headers();
  if (body !== null && type) headers.set("content-type", type);
  if (signer !== null) {
    const proven = {
      method: request.method,
      target: other.provenTarget ?? target,
      body: body ?? new Uint8Array(),
    };
    headers.set("authorization", await createProof(signer, proven, daemon.clock.now));
  }
  for (const [name, value] of Object.entries(other.headers ?? {})) headers.set(name, value);
  const response = await daemon.request(target, {
    method: request.method,
    headers,
    ...(body === null ? {} : { body }),
  });
  return { status: response.status, text: await client.checkAnswer(operation, response) };
}

/** Owner, connection, run, and whatever else the operation is about. */
async function prepare(daemon: TestDaemon, operation: DocumentedOperation): Promise<Prepared> {
  const owner = await registerOwner(daemon);
  await logIn(owner, "acme");
  const { run } = await grantRun(daemon, owner);
  const isPublic = operation.security.length === 0;
  const values = await valuesFor(daemon, operation, owner);
  const signer = isPublic
    ? null
    : operation["x-callers"] === "new_identity"
    ? newcomer(values)
    : owner.signer;
  return { daemon, operation, owner, run, values, signer: await signer };
}

async function valuesFor(
  daemon: TestDaemon,
  { operationId, path }: DocumentedOperation,
  owner: Client,
): Promise<Values & { readonly newcomer?: Signer }> {
  if (operationId === "registerIdentity") {
    const newcomer = await newSigner("calm-quietly-0001");
    return { body: { did: newcomer.did, registration_token: REGISTRATION_TOKEN }, newcomer };
  }
  if (path.startsWith("/identities/claims") && operationId !== "listClaims") {
    const newcomer = await newSigner("calm-quietly-0001");
    const claim = { handle: newcomer.subject, did: newcomer.did };
    if (operationId === "createClaim") return { body: claim, newcomer };
    const client = clientFor(daemon, newcomer);
    const { code } = await client.json<IdentityClaim>("POST", "/identities/claims", claim);
    return { parameters: { code }, newcomer };
  }
  if (operationId === "removeIdentity") {
    const newcomer = await newSigner("calm-quietly-0001");
    const claim = { handle: newcomer.subject, did: newcomer.did };
    const { code } = await clientFor(daemon, newcomer)
      .json<IdentityClaim>("POST", "/identities/claims", claim);
    await owner.json("POST", `/identities/claims/${code}/accept`, {});
    return { parameters: { handle: newcomer.subject } };
  }
  if (path.startsWith("/auth/sessions/{id}")) {
    const login = { provider: "acme", connection: "second" };
    const { id } = await owner.json<Session>("POST", "/auth/sessions", login);
    const html = await (await daemon.request(`/auth/sessions/${id}/input`)).text();
    const form_token = /name="form_token" value="([0-9a-f]+)"/.exec(html)![1]!;
    return {
      parameters: { id },
      ...(operationId === "submitInputPage" ? { body: { form_token } } : {}),
    };
  }
  if (path.startsWith("/grants/{id}")) {
    const { did } = await newSigner("");
    const { id } = await owner.json<GrantItem>("POST", "/grants", { run_did: did });
    return { parameters: { id } };
  }
  if (operationId === "verifyBackup" || operationId === "restoreBackup") {
    const passphrase = "several words that nobody guesses";
    const { backup } = await owner.json<BackupAnswer>("POST", "/backup", { passphrase });
    return { body: { backup } };
  }
  if (operationId === "removeProvider") {
    const register = client.operations.find((other) => other.operationId === "registerProvider")!;
    const { body } = client.request(register);
    await owner.json("POST", "/providers", JSON.parse(body!));
  }
  return {};
}

function newcomer({ newcomer }: Values & { readonly newcomer?: Signer }): Signer {
  return newcomer!;
}

function deep(levels: number): string {
  return "[".repeat(levels) + "]".repeat(levels);
}

async function readDocument(): Promise<OpenApiClient> {
  const daemon = await openTestDaemon();
  const document = await (await daemon.request(`${BASE_URL}/openapi.json`.slice(BASE_URL.length)))
    .json();
  await daemon.stop();
  return new OpenApiClient(document);
}
