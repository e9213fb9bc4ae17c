/**
 * `createFetch()` against the real daemon's rules and a real server: where the credential goes, and
 * where it never does.
 */
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import type { ResolvedCredential, ResolveRequest } from "../../core/api.ts";
import { createFetch, DaemonClient } from "../../mod.ts";
import {
  BASE_URL,
  CANARY,
  logIn,
  openTestDaemon,
  PROVIDERS,
  registerOwner,
  type TestDaemon,
} from "../daemon/support/test_daemon.ts";

const OWN = {
  schema_version: 1,
  name: "own",
  display_name: "Own",
  auth_type: "api_key",
  hosts: ["own.test:8443"],
  injection: { type: "header", name: "Authorization", value: "Bearer {api_key}" },
  fields: [{ name: "api_key", label: "Token", secret: true }],
};
const BOT = {
  name: "bot",
  display_name: "Bot",
  auth_type: "api_key",
  hosts: ["api.bot.test"],
  injection: { type: "path", pattern: "/bot{api_key}/" },
  fields: [{ name: "api_key", label: "Token", secret: true }],
};

Deno.test("createFetch() puts the credential where the provider wants it", async (t) => {
  const cases: Record<
    string,
    { provider: string; data: Record<string, string>; url: string; seen: string }
  > = {
    "a header": {
      provider: "acme",
      data: { api_key: CANARY },
      url: "https://api.acme.test/v1/me?x=1",
      seen: `GET api.acme.test/v1/me?x=1 Bearer ${CANARY}`,
    },
    "a query parameter": {
      provider: "strict",
      data: { api_key: "st_123456" },
      url: "https://api.strict.test/a?key=mine&b=%2f",
      seen: "GET api.strict.test/a?key=st_123456&b=%2f ",
    },
    "basic": {
      provider: "pair",
      data: { account_id: "AC1", auth_token: "tök" },
      url: "https://eu.pair.test/",
      seen: `GET eu.pair.test/ Basic ${new TextEncoder().encode("AC1:tök").toBase64()}`,
    },
    "a path segment": {
      provider: "bot",
      data: { api_key: "12:ab" },
      url: "https://api.bot.test/botX/getMe",
      seen: "GET api.bot.test/bot12:ab/getMe ",
    },
  };
  for (const [title, { provider, data, url, seen }] of Object.entries(cases)) {
    await t.step(title, async () => {
      await using stage = await openStage();
      await stage.logIn(provider, data);

      const response = await stage.fetchFor(provider)(url);

      equal(await response.text(), "fine");
      deepEqual(stage.seen, [seen]);
    });
  }
});

Deno.test("createFetch() sends nothing to another host, over http, or without a login", async () => {
  await using stage = await openStage();
  await stage.logIn("acme", { api_key: CANARY });
  const acme = stage.fetchFor("acme");

  await rejects(acme("https://evil.test/"), { name: "GrantDeniedError" });
  await rejects(acme("https://api.acme.test.evil.test/"), { name: "GrantDeniedError" });
  await rejects(acme("https://files.acme.test/v1/elsewhere"), { name: "GrantDeniedError" });
  await rejects(acme("http://api.acme.test/"), { name: "InvalidInputError" });
  await rejects(acme("https://user:pass@api.acme.test/"), { name: "InvalidInputError" });
  await rejects(stage.fetchFor("strict")("https://api.strict.test/"), {
    name: "CredentialMissingError",
  });
  await rejects(stage.fetchFor("nobody")("https://api.acme.test/"), {
    name: "CredentialMissingError",
  });

  deepEqual(stage.seen, []);
});

Deno.test("createFetch() sends the credential to the port that the definition names, and to no other", async () => {
  await using stage = await openStage();
  await stage.logIn("own", { api_key: CANARY });
  const own = stage.fetchFor("own");

  await drain(own("https://own.test:8443/v1"));
  await rejects(own("https://own.test/v1"), { name: "GrantDeniedError" });
  await rejects(own("https://own.test:9443/v1"), { name: "GrantDeniedError" });

  deepEqual(stage.seen, [`GET own.test:8443/v1 Bearer ${CANARY}`]);
});

Deno.test("createFetch() follows a redirect to its own origin with the credential", async () => {
  await using stage = await openStage({ "api.acme.test/old": { to: "/new", status: 302 } });
  await stage.logIn("acme", { api_key: CANARY });

  await drain(stage.fetchFor("acme")("https://api.acme.test/old"));

  deepEqual(stage.seen, [
    `GET api.acme.test/old Bearer ${CANARY}`,
    `GET api.acme.test/new Bearer ${CANARY}`,
  ]);
});

Deno.test("createFetch() never takes the credential to another origin, nor back from there", async () => {
  await using stage = await openStage({
    "api.acme.test/download": { to: "https://files.evil.test/x", status: 307 },
    "files.evil.test/x": { to: "https://api.acme.test/delete-everything", status: 307 },
  });
  await stage.logIn("acme", { api_key: CANARY });

  await drain(
    stage.fetchFor("acme")("https://api.acme.test/download", {
      headers: { cookie: "a=b", "x-mine": "kept" },
    }),
  );

  deepEqual(stage.seen, [
    `GET api.acme.test/download Bearer ${CANARY} a=b`,
    "GET files.evil.test/x ",
    "GET api.acme.test/delete-everything ",
  ]);
});

Deno.test("createFetch() refuses a redirect to plain http and one without end", async () => {
  await using stage = await openStage({
    "api.acme.test/plain": { to: "http://api.acme.test/x", status: 302 },
    "api.acme.test/loop": { to: "/loop", status: 302 },
  });
  await stage.logIn("acme", { api_key: CANARY });
  const acme = stage.fetchFor("acme");

  await rejects(acme("https://api.acme.test/plain"), /it redirects to http:/);
  await rejects(acme("https://api.acme.test/loop"), /it redirects too often/);
  await rejects(acme("https://api.acme.test/loop", { redirect: "error" }), /it redirects/);
  const response = await acme("https://api.acme.test/loop", { redirect: "manual" });

  equal(response.status, 302);
  await response.body?.cancel();
});

Deno.test("createFetch() turns a redirected POST into a GET as fetch does, a 307 not", async () => {
  await using stage = await openStage({
    "api.acme.test/303": { to: "/done", status: 303 },
    "api.acme.test/307": { to: "/again", status: 307 },
  });
  await stage.logIn("acme", { api_key: CANARY });
  const acme = stage.fetchFor("acme");

  await drain(acme("https://api.acme.test/303", { method: "POST", body: "x" }));
  await drain(acme("https://api.acme.test/307", { method: "POST", body: "x" }));

  deepEqual(stage.seen.map((line) => line.split(" ").slice(0, 2).join(" ")), [
    "POST api.acme.test/303",
    "GET api.acme.test/done",
    "POST api.acme.test/307",
    "POST api.acme.test/again",
  ]);
  deepEqual(stage.bodies, ["x", "", "x", "x"]);
});

Deno.test("createFetch() refreshes once on a 401 and sends the same body again", async (t) => {
  const form = new FormData();
  form.set("a", "1");
  const bodies: Record<string, { body: BodyInit; attempts: number }> = {
    "text": { body: "hello", attempts: 2 },
    "bytes": { body: new Uint8Array([104, 105]), attempts: 2 },
    "parameters": { body: new URLSearchParams({ a: "1" }), attempts: 2 },
    "a form": { body: form, attempts: 2 },
    "a blob": { body: new Blob(["hello"], { type: "text/plain" }), attempts: 2 },
    "a stream, which is there once": { body: new Blob(["hello"]).stream(), attempts: 1 },
  };
  for (const [title, { body, attempts }] of Object.entries(bodies)) {
    await t.step(title, async () => {
      await using stage = await openStage({}, (authorization) => authorization !== "Bearer fresh");
      const asked: ResolveRequest[] = [];
      const fetchHub = createFetch({
        provider: "hub",
        client: {
          resolveCredential: (request) => {
            asked.push(request);
            return Promise.resolve(bearer(request.rejected_at === undefined ? "stale" : "fresh"));
          },
        },
        fetch: stage.send,
      });

      const response = await fetchHub("https://api.hub.test/x", { method: "PUT", body });

      await response.body?.cancel();
      equal(response.status, attempts === 2 ? 200 : 401);
      equal(stage.seen.length, attempts);
      equal(asked.length, attempts);
      equal(new Set(stage.bodies).size, 1, "the same bytes each time");
      equal(new Set(stage.types).size, 1);
    });
  }
});

Deno.test("createFetch() whose fresh token is refused, too, has it renewed once a minute", async () => {
  await using stage = await openStage({}, () => true);
  let renewed = 0;
  let now = 0;
  const fetchHub = createFetch({
    provider: "hub",
    client: {
      resolveCredential: ({ rejected_at }) => {
        if (rejected_at !== undefined) renewed++;
        const obtained_at = new Date(renewed * 1000).toISOString();
        return Promise.resolve({ ...bearer(`token-${renewed}`), obtained_at });
      },
    },
    fetch: stage.send,
    now: () => now,
  });
  const refuse = async () => {
    const response = await fetchHub("https://api.hub.test/x");
    await response.body?.cancel();
    return response.status;
  };

  for (let i = 0; i < 20; i++) equal(await refuse(), 401);
  const within = renewed;
  now += 60_000;
  await refuse();

  deepEqual([within, renewed], [1, 2]);
});

Deno.test("createFetch() tells the daemon which token was refused, not when", async () => {
  await using stage = await openStage({}, (authorization) => authorization !== "Bearer fresh");
  const asked: (string | undefined)[] = [];
  const stale = bearer("stale");
  const fetchHub = createFetch({
    provider: "hub",
    client: {
      resolveCredential: ({ rejected_at }) => {
        asked.push(rejected_at);
        return Promise.resolve(rejected_at === undefined ? stale : bearer("fresh"));
      },
    },
    fetch: stage.send,
  });

  await drain(fetchHub("https://api.hub.test/x"));

  deepEqual(asked, [undefined, stale.obtained_at]);
});

Deno.test("createFetch() gives the provider's 401 where there is no other credential", async () => {
  await using stage = await openStage({}, () => true);
  await stage.logIn("acme", { api_key: CANARY });

  const response = await stage.fetchFor("acme")("https://api.acme.test/");

  equal(response.status, 401);
  await response.body?.cancel();
  equal(stage.seen.length, 1);
});

Deno.test("createFetch() takes a Request, keeps what the caller said, and stops when told", async () => {
  await using stage = await openStage();
  await stage.logIn("acme", { api_key: CANARY });
  const acme = stage.fetchFor("acme");
  const request = new Request("https://api.acme.test/x", { method: "post", body: "hello" });

  await drain(acme(request));

  match(stage.seen[0]!, /^POST api\.acme\.test\/x Bearer/);
  deepEqual(stage.bodies, ["hello"]);
  await rejects(acme("https://api.acme.test/", { signal: AbortSignal.abort() }), {
    name: "AbortError",
  });
  equal(stage.seen.length, 1);
});

Deno.test("createFetch() leaves a credential it was given out of every error", async () => {
  await using stage = await openStage();
  await stage.logIn("bot", { api_key: "12:secret" });

  const error = await stage.fetchFor("bot")("https://api.bot.test/elsewhere").then(
    () => null,
    (error) => error,
  );

  equal(error.name, "InvalidInputError");
  ok(!`${error.stack} ${JSON.stringify(error)}`.includes("12:secret"));
  deepEqual(stage.seen, []);
});

interface Redirect {
  readonly to: string;
  readonly status: number;
}

interface Stage extends AsyncDisposable {
  readonly daemon: TestDaemon;
  /** `METHOD host/target authorization cookie` of each request. */
  readonly seen: string[];
  readonly bodies: string[];
  readonly types: string[];
  /** Sends to the server here whatever host the URL names. */
  readonly send: typeof fetch;
  logIn(provider: string, data: Record<string, string>): Promise<void>;
  fetchFor(provider: string): typeof fetch;
}

/** A daemon, its owner, and a server that answers for every host. */
async function openStage(
  redirects: Readonly<Record<string, Redirect>> = {},
  refuses: (authorization: string) => boolean = () => false,
): Promise<Stage> {
  const daemon = await openTestDaemon({ providers: [...PROVIDERS, BOT, OWN] });
  const owner = await registerOwner(daemon);
  const client = new DaemonClient({
    baseUrl: BASE_URL,
    signer: owner.signer,
    fetch: (url, init) => daemon.fetch(new Request(url, init)),
    now: () => daemon.clock.now,
  });
  const seen: string[] = [];
  const bodies: string[] = [];
  const types: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname, search } = new URL(request.url);
    const host = request.headers.get("x-test-host");
    const authorization = request.headers.get("authorization") ?? "";
    const cookie = request.headers.get("cookie");
    seen.push(
      `${request.method} ${host}${pathname}${search} ${authorization}${cookie ? ` ${cookie}` : ""}`,
    );
    bodies.push(await request.text());
    types.push(request.headers.get("content-type") ?? "");
    const redirect = redirects[`${host}${pathname}`];
    if (redirect !== undefined) {
      return new Response(null, { status: redirect.status, headers: { location: redirect.to } });
    }
    return refuses(authorization) ? new Response("no", { status: 401 }) : new Response("fine");
  });
  const send: typeof fetch = (input, init) => {
    const { host, pathname, search } = new URL(input as URL);
    const headers = new Headers(init?.headers);
    headers.set("x-test-host", host);
    return fetch(`http://127.0.0.1:${server.addr.port}${pathname}${search}`, { ...init, headers });
  };
  return {
    daemon,
    seen,
    bodies,
    types,
    send,
    logIn: (provider, data) => logIn(owner, provider, data),
    fetchFor: (provider) => createFetch({ provider, client, fetch: send }),
    async [Symbol.asyncDispose]() {
      client.close();
      await server.shutdown();
      await daemon.stop();
    },
  };
}

function bearer(token: string): ResolvedCredential {
  const value = `Bearer ${token}`;
  return {
    provider: "hub",
    connection: "default",
    injections: [{ type: "header", name: "Authorization", value }],
    headers: { Authorization: value },
    obtained_at: "2026-03-01T12:00:00.000Z",
    expires_at: null,
    refreshable: true,
    source: "local",
  };
}

async function drain(answer: Promise<Response>): Promise<void> {
  equal(await (await answer).text(), "fine");
}
