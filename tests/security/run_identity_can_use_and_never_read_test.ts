/**
 * Invariant: a run identity can use and never read.
 *
 * The attack: an agent gets hold of the run's key (it shares the user with the proxy that holds it)
 * and asks the daemon for everything the owner could ask for.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import type { ErrorEnvelope } from "../../core/errors.ts";
import { OPERATIONS } from "../../daemon/openapi/operations.ts";
import {
  CANARY,
  grantRun,
  logIn,
  openTestDaemon,
  registerOwner,
} from "../daemon/support/test_daemon.ts";

/** Every route of the daemon that needs a proof, besides the seven a run may use. */
const FORBIDDEN: readonly [method: string, path: string, body?: unknown][] = [
  ["GET", "/ready"],
  ["GET", "/whoami"],
  ["GET", "/identities"],
  ["DELETE", "/identities/calm-quietly-softly-0001"],
  ["GET", "/identities/claims"],
  ["POST", "/identities/claims/ABCD-EFGH/accept", { access: "owner" }],
  ["DELETE", "/identities/claims/ABCD-EFGH"],
  ["POST", "/auth/sessions", { provider: "acme", force: true }],
  ["GET", "/auth/sessions/SESSION"],
  ["POST", "/auth/sessions/SESSION/resume", { data: { api_key: "sk-attacker-1234" } }],
  ["DELETE", "/auth/sessions/SESSION"],
  ["GET", "/connections"],
  ["GET", "/connections/acme/default"],
  ["GET", "/connections/acme/default?show_secrets=true"],
  ["POST", "/connections/acme/default/logout", {}],
  ["POST", "/connections/acme/default/default", {}],
  ["POST", "/connections/acme/default/check", {}],
  ["POST", "/connections/acme/revoke", {}],
  ["POST", "/credentials/export", {}],
  ["POST", "/credentials/export", { provider: "acme", format: "json" }],
  ["POST", "/credentials/compare", { provider: "acme", values: { api_key: CANARY } }],
  ["GET", "/providers"],
  ["GET", "/provider-names"],
  ["GET", "/providers/acme"],
  ["POST", "/providers", { definition: {} }],
  ["DELETE", "/providers/acme"],
  ["POST", "/grants", { run_did: "did:key:z6MkehRgf7yJbgaGfYsdoAsKdBPE3dj2CYhowQdcjqSJgvVd" }],
  ["GET", "/grants/GRANT"],
  ["GET", "/grants/OTHER"],
  ["POST", "/grants/GRANT/renew", { expires_in: 86_400 }],
  ["POST", "/grants/self/renew", { expires_in: 86_400 }],
  ["DELETE", "/grants/GRANT"],
  ["DELETE", "/grants/OTHER"],
  ["GET", "/audit/events"],
  ["POST", "/audit/verify", {}],
  ["POST", "/backup", { passphrase: "several words that nobody guesses" }],
  ["POST", "/backup/verify", { backup: "AAAA", passphrase: "x" }],
  ["POST", "/backup/restore", { backup: "AAAA", passphrase: "x", force: true }],
  ["POST", "/keys/rotate", {}],
  ["POST", "/ui/session", {}],
  // Spellings that a router or a filter might read as one of the seven.
  ["GET", "/proxy/routes/"],
  ["GET", "/x/proxy/routes"],
  ["GET", "/proxy/events/confirm"],
  ["POST", "/credentials/resolve/"],
  ["GET", "/grants/self/"],
  ["GET", "/GRANTS/self"],
];

Deno.test("no route is left out of the table above", () => {
  const tried = new Set(FORBIDDEN.map(([method, path]) => `${method} ${shapeOf(path)}`));
  const forbidden = OPERATIONS.filter(({ caller }) => caller === "owner")
    .map(({ method, path }) => `${method} ${shapeOf(path)}`);
  deepEqual(forbidden.filter((route) => !tried.has(route)), []);
});

Deno.test("a run identity is refused on every route but its own seven", async (t) => {
  const daemon = await openTestDaemon();
  const owner = await registerOwner(daemon);
  await logIn(owner, "acme");
  const session = await owner.json<{ id: string }>("POST", "/auth/sessions", {
    provider: "strict",
  });
  const { run, grant } = await grantRun(daemon, owner);
  const { grant: other } = await grantRun(daemon, owner);

  for (const prefix of ["", "/api"]) {
    for (const [method, template, body] of FORBIDDEN) {
      const path = prefix + template.replace("SESSION", session.id).replace("GRANT", grant.id)
        .replace("OTHER", other.id);
      await t.step(`${method} ${prefix}${template}`, async () => {
        const response = await run.call(method, path, body);
        const text = await response.text();

        ok([403, 404].includes(response.status), `${response.status} ${text}`);
        equal(text.includes(CANARY), false);
      });
    }
  }

  const still = await owner.json<{ connections: { name: string }[] }>("GET", "/connections");
  deepEqual(still.connections.map(({ name }) => name), ["acme"]);
  await daemon.stop();
});

Deno.test("a run identity uses what it was granted", async () => {
  const daemon = await openTestDaemon();
  const owner = await registerOwner(daemon);
  await logIn(owner, "acme");
  const { run, grant } = await grantRun(daemon, owner);

  const routes = await run.json<{ routes: { provider: string }[] }>("GET", "/proxy/routes");
  const resolved = await run.json<{ headers: Record<string, string> }>(
    "POST",
    "/credentials/resolve",
    { provider: "acme", connection: "default", host: "api.acme.test", path: "/v1", method: "GET" },
  );
  const self = await run.json<{ id: string }>("GET", "/grants/self");

  equal(routes.routes[0]!.provider, "acme");
  equal(resolved.headers["Authorization"], `Bearer ${CANARY}`);
  equal(self.id, grant.id);
  await daemon.stop();
});

Deno.test("a run identity gets nothing outside of its grant", async (t) => {
  const daemon = await openTestDaemon();
  const owner = await registerOwner(daemon);
  await logIn(owner, "acme");
  await logIn(owner, "acme", { api_key: `${CANARY}-work` }, "work");
  await logIn(owner, "strict", { api_key: "st_123456" });
  const { run } = await grantRun(daemon, owner, { only: [{ provider: "acme", connection: null }] });
  const host = "api.acme.test";
  const table: Record<string, unknown> = {
    "another provider": { provider: "strict", host: "api.strict.test" },
    "another provider by host": { host: "api.strict.test" },
    "another connection": { provider: "acme", connection: "work", host },
    "another host": { provider: "acme", host: "api.strict.test" },
    "a look-alike": { provider: "acme", host: "api.acme.test.evil.test" },
    "the host in upper case": { provider: "acme", host: "API.ACME.TEST" },
    "a trailing dot": { provider: "acme", host: "api.acme.test." },
    "a path outside of the rule": { provider: "acme", host: "files.acme.test", path: "/v1/x" },
    "a path that climbs out": { provider: "acme", host: "files.acme.test", path: "/v2/../v1" },
  };

  for (const [title, request] of Object.entries(table)) {
    await t.step(title, async () => {
      const response = await run.call("POST", "/credentials/resolve", request);
      const text = await response.text();

      ok([403, 409].includes(response.status), `${response.status} ${text}`);
      equal(text.includes(CANARY) || text.includes("st_123456"), false);
    });
  }
  await daemon.stop();
});

Deno.test("a run identity can do nothing once its grant has ended or expired", async () => {
  const daemon = await openTestDaemon();
  const owner = await registerOwner(daemon);
  await logIn(owner, "acme");
  const ended = await grantRun(daemon, owner);
  const expired = await grantRun(daemon, owner, { expires_in: 60 });
  await owner.json("DELETE", `/grants/${ended.grant.id}`);
  daemon.clock.now = new Date(daemon.clock.now.getTime() + 61_000);

  for (const { run } of [ended, expired]) {
    for (
      const [method, path, body] of [
        ["POST", "/credentials/resolve", { provider: "acme" }],
        ["GET", "/proxy/routes"],
        ["GET", "/proxy/events"],
        ["POST", "/proxy/events/confirm", { revision: 1 }],
        ["GET", "/grants/self"],
      ] as const
    ) {
      const response = await run.call(method, path, body);
      equal(response.status, 403);
      equal((await response.json() as ErrorEnvelope).error, "GrantDeniedError");
    }
  }
  await daemon.stop();
});

Deno.test("a run identity cannot register itself as an owner", async () => {
  const daemon = await openTestDaemon();
  const owner = await registerOwner(daemon);
  const { run } = await grantRun(daemon, owner);

  const response = await run.call("POST", "/identities/register", {
    handle: "calm-quietly-softly-0002",
    did: run.signer.did,
    registration_token: "guessed",
  });

  equal(response.status, 403);
  await daemon.stop();
});

/** A path with its names taken out: what stands in for them differs. */
function shapeOf(path: string): string {
  return path.replace(/\?.*/, "").replace(
    /\{\w+\}|\b(?:acme|SESSION|GRANT|OTHER|self|ABCD-EFGH|calm-quietly-softly-0001)\b/g,
    "*",
  )
    .replace("/connections/*/default", "/connections/*/*");
}
