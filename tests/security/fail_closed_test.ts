/**
 * Named invariant: fail closed.
 *
 * The attack is an accident: something is broken, and the request goes out anyway, with a placeholder
 * or without anything, or an old credential is used after it was taken away. For every way in which a
 * credential cannot be had, nothing reaches the provider, and the child reads what to do.
 */
import assert from "node:assert/strict";
import {
  type AuthsomeError,
  ConnectionNotFoundError,
  CredentialMissingError,
  DaemonUnavailableError,
  GrantDeniedError,
  InvalidProofError,
  ReauthorizationRequiredError,
  RefreshFailedError,
  StoreUnavailableError,
  TokenExpiredError,
  UnexpectedError,
  VaultSealError,
} from "../../core/errors.ts";
import type { FilledInjection } from "../../core/injection.ts";
import { bearer, FakeDaemon, makeCredential, makeRoute } from "../support/fake_daemon.ts";
import { startTestProxy } from "../support/proxy_bench.ts";
import { startTlsUpstream } from "../support/tls_upstream.ts";
import { until } from "../support/until.ts";

const HOST = "api.acme.test";
const PLACEHOLDER = "ak_live_authsome0placeholder";
const REQUEST = `GET /v1 HTTP/1.1\r\nHost: ${HOST}\r\nX-Api-Key: ${PLACEHOLDER}\r\n\r\n`;

async function ask(daemon: FakeDaemon, request = REQUEST, hasFaults = false) {
  const api = startTlsUpstream([HOST]);
  const test = await startTestProxy({
    daemon,
    servers: { [HOST]: api.port },
    authorities: [api.authorityPem],
    hasFaults,
  });
  try {
    const client = await test.tunnel(HOST);
    await client.write(request);
    const { head, body } = await client.readAnswer();
    return { status: head.slice(9, 12), head, body, seen: api.requests.length };
  } finally {
    await test.close();
    await api.close();
  }
}

const FAILURES: readonly (new (
  message: string,
  details?: { hint?: string },
) => AuthsomeError)[] = [
  ConnectionNotFoundError,
  CredentialMissingError,
  DaemonUnavailableError,
  GrantDeniedError,
  InvalidProofError,
  ReauthorizationRequiredError,
  RefreshFailedError,
  StoreUnavailableError,
  TokenExpiredError,
  UnexpectedError,
  VaultSealError,
];

for (const Failure of FAILURES) {
  Deno.test(`${Failure.name} of the daemon: 502, its words, and nothing goes out`, async () => {
    const daemon = new FakeDaemon();
    daemon.resolve = () => {
      throw new Failure("Cannot use acme/default: it is so", { hint: "Run: authsome login acme" });
    };

    const { status, body, seen } = await ask(daemon);

    assert.equal(status, "502");
    assert.deepEqual(JSON.parse(body), {
      error: Failure.name,
      message: "Cannot use acme/default: it is so",
      hint: "Run: authsome login acme",
    });
    assert.equal(seen, 0);
  });
}

Deno.test("a failure of another kind: 502 without its details, and nothing goes out", async () => {
  const daemon = new FakeDaemon();
  daemon.resolve = () => {
    throw new TypeError("internal detail");
  };

  const { status, body, seen } = await ask(daemon, REQUEST, true);

  assert.equal(status, "502");
  assert.ok(!body.includes("internal detail"));
  assert.equal(seen, 0);
});

Deno.test("a path that has no place for the credential: refused, and nothing goes out", async () => {
  const daemon = new FakeDaemon();
  const injection: FilledInjection = { type: "path", pattern: "/bot{}/", value: "real" };
  daemon.resolve = (request) => makeCredential(request, [injection]);

  const { status, seen } = await ask(daemon);

  assert.equal(status, "400");
  assert.equal(seen, 0);
});

Deno.test("the end of the grant: the cached credential is not used any more", async () => {
  const api = startTlsUpstream([HOST]);
  const daemon = new FakeDaemon();
  const test = await startTestProxy({
    daemon,
    servers: { [HOST]: api.port },
    authorities: [api.authorityPem],
  });
  const ask = async () => {
    const client = await test.tunnel(HOST);
    await client.write(REQUEST);
    return (await client.readAnswer()).head.slice(9, 12);
  };
  assert.equal(await ask(), "200");

  daemon.resolve = () => {
    throw new GrantDeniedError("Cannot use the grant: it has ended");
  };
  daemon.end();
  await until(async () => await ask() === "502");

  const before = api.requests.length;
  assert.equal(await ask(), "502");
  assert.equal(api.requests.length, before);
  await test.close();
  await api.close();
});

Deno.test("an answer that was asked before a change is not used after it", async () => {
  // The attack: a logout happens while the daemon's answer is on its way.
  const api = startTlsUpstream([HOST]);
  const daemon = new FakeDaemon();
  const test = await startTestProxy({
    daemon,
    servers: { [HOST]: api.port },
    authorities: [api.authorityPem],
  });
  const held = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const original = daemon.resolve;
  daemon.resolve = async (request) => {
    asked.resolve();
    await held.promise;
    return await original(request);
  };

  const client = await test.tunnel(HOST);
  await client.write(REQUEST);
  await asked.promise;
  daemon.resolve = () => {
    throw new ConnectionNotFoundError("Cannot use acme/default: there is no such connection");
  };
  daemon.change();
  held.resolve();

  assert.match((await client.readAnswer()).head, /^HTTP\/1\.1 502 /);
  assert.equal(api.requests.length, 0);
  await test.close();
  await api.close();
});

Deno.test("a tie is never decided by routes that are known to be old", async () => {
  // The accident: the owner makes another login the default, and the daemon cannot read its routes.
  const [one, other] = [makeRoute({ provider: "one" }), makeRoute({ provider: "other" })];
  const later = "2026-02-01T00:00:00Z";
  const daemon = new FakeDaemon([{ ...one, default_since: later }, other]);
  daemon.resolve = (request) => makeCredential(request, [bearer(`of-${request.provider}`)]);
  const proxyRoutes = daemon.proxyRoutes.bind(daemon);
  const tried = Promise.withResolvers<void>();
  const api = startTlsUpstream([HOST]);
  const test = await startTestProxy({
    daemon,
    servers: { [HOST]: api.port },
    authorities: [api.authorityPem],
  });
  const get = async () => {
    const client = await test.tunnel(HOST);
    await client.write(REQUEST);
    return (await client.readAnswer()).head.slice(9, 12);
  };
  assert.equal(await get(), "200");

  daemon.proxyRoutes = () => {
    tried.resolve();
    return Promise.reject(new Error("the disk is busy"));
  };
  daemon.change([one, { ...other, default_since: later }]);
  await tried.promise;
  // The daemon would give out either of the two.
  assert.equal(await get(), "502");

  daemon.proxyRoutes = proxyRoutes;
  await until(async () => await get() === "200");
  const sent = api.requests.map(({ headers }) => headers.get("authorization"));
  assert.deepEqual(sent, ["Bearer of-one", "Bearer of-other"]);
  await test.close();
  await api.close();
});

Deno.test("no error that the child reads holds the credential", async () => {
  const daemon = new FakeDaemon();
  const broken: FilledInjection = { type: "path", pattern: "/x{}/", value: "the-secret-value" };
  daemon.resolve = (request) => makeCredential(request, [broken]);

  const { head, body } = await ask(daemon);

  assert.ok(!(head + body).includes("the-secret-value"));
});
