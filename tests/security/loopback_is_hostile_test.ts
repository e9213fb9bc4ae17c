/**
 * Invariant: loopback is hostile (Host, Origin, CSRF).
 *
 * The attacks: a page in the person's browser that rebinds its name to 127.0.0.1, posts a form or a
 * fetch at the daemon, frames one of its pages, or finds a path that a filter and the router read
 * differently.
 *
 * @module
 */
import { equal, match, ok } from "node:assert/strict";
import type { Session } from "../../core/api.ts";
import { createProof } from "../../core/proof.ts";
import { ownAddresses } from "../../daemon/middleware/origin.ts";
import {
  BASE_URL,
  CANARY,
  openTestDaemon,
  registerOwner,
  type TestDaemon,
} from "../daemon/support/test_daemon.ts";

const JSON_TYPE = { "content-type": "application/json" };
const FORM = { "content-type": "application/x-www-form-urlencoded" };

Deno.test("DNS rebinding: a Host that is not the daemon's own is refused before anything else", async (t) => {
  const daemon = await openTestDaemon();
  const hosts = [
    "evil.test",
    "evil.test:7998",
    "127.0.0.1.evil.test:7998",
    "127.0.0.1:80",
    "127.0.0.1",
    "127.0.0.2:7998",
    "0.0.0.0:7998",
    "[::1]:7998",
    "localhost.evil.test:7998",
    "127.0.0.1:7998, evil.test",
    "",
  ];
  for (const host of hosts) {
    await t.step(JSON.stringify(host), async () => {
      const response = await daemon.request("/health", { headers: { host } });

      equal(response.status, 403);
      equal((await response.json()).error, "ForbiddenOriginError");
    });
  }
  await daemon.stop();
});

Deno.test("its own two names are answered", async () => {
  const daemon = await openTestDaemon();
  for (const host of ["127.0.0.1:7998", "localhost:7998", "LOCALHOST:7998"]) {
    equal((await daemon.request("/health", { headers: { host } })).status, 200);
  }
  await daemon.stop();
});

Deno.test("a base URL adds its own host and origin, nothing else", () => {
  const { hosts, origins } = ownAddresses(7998, "https://broker.example.com");

  ok(hosts.has("broker.example.com") && origins.has("https://broker.example.com"));
  equal(hosts.has("broker.example.com:7998"), false);
  equal(origins.has("http://broker.example.com"), false);
});

Deno.test("a foreign Origin is refused, whatever the method", async (t) => {
  const daemon = await openTestDaemon();
  const { path } = await openLogin(daemon);
  for (
    const origin of [
      "https://evil.test",
      "http://127.0.0.1:8080",
      "http://127.0.0.1",
      "https://127.0.0.1:7998",
      "http://localhost",
      "null",
      "file://",
    ]
  ) {
    for (const method of ["GET", "POST"]) {
      await t.step(`${method} from ${origin}`, async () => {
        const response = await daemon.request(path, {
          method,
          headers: { origin, ...(method === "POST" ? FORM : {}) },
          ...(method === "POST" ? { body: "api_key=sk-attacker-1234" } : {}),
        });

        equal(response.status, 403);
        equal(response.headers.get("access-control-allow-origin"), null);
      });
    }
  }
  await daemon.stop();
});

Deno.test("a preflight gets no permission", async () => {
  const daemon = await openTestDaemon();

  const response = await daemon.request("/api/connections", {
    method: "OPTIONS",
    headers: { origin: BASE_URL, "access-control-request-method": "POST" },
  });

  equal(response.status, 401);
  equal([...response.headers.keys()].some((name) => name.startsWith("access-control")), false);
  await daemon.stop();
});

Deno.test("fetch metadata: another site may navigate here and nothing else", async () => {
  const daemon = await openTestDaemon();
  const { path } = await openLogin(daemon);
  const send = async (method: string, mode: string, dest: string) => {
    const headers = {
      "sec-fetch-site": "cross-site",
      "sec-fetch-mode": mode,
      "sec-fetch-dest": dest,
    };
    return (await daemon.request(path, { method, headers: { ...headers, ...FORM } })).status;
  };

  equal(await send("GET", "navigate", "document"), 200, "the provider's redirect comes like this");
  equal(await send("GET", "navigate", "iframe"), 403);
  equal(await send("GET", "no-cors", "image"), 403);
  equal(await send("GET", "cors", "empty"), 403);
  equal(await send("POST", "navigate", "document"), 403);
  await daemon.stop();
});

Deno.test("a form without this session's token is refused", async (t) => {
  const daemon = await openTestDaemon();
  const login = await openLogin(daemon);
  const other = await openLogin(daemon);
  const tokens: Record<string, string> = {
    "none": "",
    "another session's": other.token,
    "one digit short": login.token.slice(1),
    "one digit wrong": `x${login.token.slice(1)}`,
  };
  for (const [title, token] of Object.entries(tokens)) {
    await t.step(title, async () => {
      const body = new URLSearchParams({ form_token: token, api_key: "sk-attacker-1234" });
      const response = await daemon.request(login.path, {
        method: "POST",
        headers: { ...FORM, origin: BASE_URL },
        body: body.toString(),
      });

      equal(response.status, 403);
      await response.body?.cancel();
    });
  }
  const page = await daemon.request(login.path);
  match(await page.text(), /<form/, "the login still waits");
  await daemon.stop();
});

Deno.test("JSON routes take no form, which a page could post without asking", async () => {
  const daemon = await openTestDaemon();
  const owner = await registerOwner(daemon);
  const body = '{"provider":"acme"}';
  for (
    const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
  ) {
    const proven = {
      method: "POST",
      target: "/api/auth/sessions",
      body: new TextEncoder().encode(body),
    };
    const authorization = await createProof(owner.signer, proven, daemon.clock.now);
    const response = await daemon.request("/api/auth/sessions", {
      method: "POST",
      headers: { authorization, ...(type === "" ? {} : { "content-type": type }) },
      body: new TextEncoder().encode(body),
    });

    equal(response.status, 415, type);
    equal((await response.json()).error, "UnsupportedMediaTypeError");
  }
  await daemon.stop();
});

Deno.test("a path that two parsers could read differently leads nowhere", async (t) => {
  const daemon = await openTestDaemon();
  const paths = [
    "//health",
    "/api//health",
    "/./health",
    "/x/../health",
    "/%2e%2e/health",
    "/%2E/health",
    "/x%2f..%2fhealth",
    "/health%00",
    "/%5c..%5chealth",
    "/\\evil.test/health",
    "/ui/../api/connections",
    "/ui/../health",
    "/ui/%2e%2e/api/whoami",
    "/ui/..%2fapi/whoami",
    "/docs/../auth/sessions",
    "/api/../ui",
    "/ui/..\\api",
    "//evil.test/health",
  ];
  for (const path of paths) {
    await t.step(path, async () => {
      // As the server hands it over: app.request would resolve the dots away.
      const request = new Request(`${BASE_URL}/health`);
      Object.defineProperty(request, "url", { value: `${BASE_URL}${path}` });
      const response = await daemon.fetch(request);

      equal(response.status, 404);
      equal((await response.json()).error, "NotFoundError");
    });
  }
  await daemon.stop();
});

Deno.test("a path that only looks like a public one needs a proof as any other", async (t) => {
  const daemon = await openTestDaemon();
  for (
    const path of [
      "/health/.../connections",
      "/api/api/health",
      "/health/connections",
      "/HEALTH",
      "/docs/connections",
      "/docs/..;/connections",
      "/openapi.json/connections",
      "/auth/sessions/x/input/.../resume",
      "/identities/register/x",
    ]
  ) {
    await t.step(path, async () => {
      const response = await daemon.request(path);

      equal(response.status, 401);
      equal((await response.json()).error, "InvalidProofError");
    });
  }
  await daemon.stop();
});

Deno.test("a body that is sent without end keeps no restore out, wherever it is sent", async (t) => {
  const daemon = await openTestDaemon();
  const { path } = await openLogin(daemon);
  const rows: Record<string, Record<string, string>> = {
    [path]: FORM,
    "/ui/providers": FORM,
    "/identities/register": JSON_TYPE,
    "/identities/claims": JSON_TYPE,
    "/auth/sessions": JSON_TYPE,
    "/nowhere": JSON_TYPE,
  };
  for (const [path, headers] of Object.entries(rows)) {
    await t.step(path, async () => {
      const isRead = Promise.withResolvers<void>();
      let drip!: ReadableStreamDefaultController<Uint8Array>;
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => void (drip = controller),
        pull: () => isRead.resolve(),
      }, { highWaterMark: 0 });
      const method = "POST";
      const slow = daemon.fetch(new Request(`${BASE_URL}${path}`, { method, headers, body }));
      await isRead.promise;

      equal(await daemon.broker.gate.alone(0, () => Promise.resolve("restored")), "restored");

      drip.close();
      await (await slow).body?.cancel();
      equal(await daemon.broker.gate.alone(0, () => Promise.resolve("again")), "again");
    });
  }
  await daemon.stop();
});

Deno.test("there is no WebSocket to be opened, from here or from elsewhere", async () => {
  const daemon = await openTestDaemon();
  for (const [origin, expected] of [["https://evil.test", 403], [BASE_URL, 401]] as const) {
    const response = await daemon.request("/proxy/events", {
      headers: {
        origin,
        connection: "upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      },
    });

    equal(response.status, expected);
    await response.body?.cancel();
  }
  await daemon.stop();
});

Deno.test("what is public is no less closed to other sites", async () => {
  const daemon = await openTestDaemon();
  for (const path of ["/openapi.json", "/docs", "/docs/init.js", "/docs/swagger-ui-bundle.js"]) {
    const embedded = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" };
    for (const headers of [{ host: "evil.test" }, { origin: "https://evil.test" }, embedded]) {
      const response = await daemon.request(path, { headers });

      equal(response.status, 403, `${path} ${JSON.stringify(headers)}`);
      await response.body?.cancel();
    }
  }
  await daemon.stop();
});

Deno.test("no answer can be stored, sniffed, framed or scripted", async () => {
  const daemon = await openTestDaemon();
  const { path } = await openLogin(daemon);
  for (const target of ["/health", "/api/connections", "/nothing", path]) {
    const { headers, body } = await daemon.request(target);
    await body?.cancel();

    equal(headers.get("cache-control"), "no-store", target);
    equal(headers.get("x-content-type-options"), "nosniff");
    equal(headers.get("x-frame-options"), "DENY");
    // With "no-referrer" a browser sends "Origin: null" with our own forms.
    equal(headers.get("referrer-policy"), "same-origin");
    const policy = headers.get("content-security-policy")!;
    match(policy, /^default-src 'none'/);
    match(policy, /frame-ancestors 'none'/);
    equal(/unsafe|script-src/.test(policy), false);
  }
  await daemon.stop();
});

Deno.test("a definition cannot put markup into the login page", async () => {
  const evil = `"><script src=//evil.test></script><img src=x onerror=alert(1)>`;
  const daemon = await openTestDaemon({
    providers: [{
      name: "evil",
      display_name: `Evil ${evil}`,
      auth_type: "api_key",
      hosts: ["api.evil.test"],
      injection: { type: "header", name: "X-Key", value: "{api_key}" },
      fields: [{ name: "api_key", label: `Key ${evil}`, secret: true, pattern_hint: evil }],
    }],
  });
  const { html } = await openLogin(daemon, "evil");

  equal(/<script|<img/.test(html), false);
  ok(html.includes("&lt;script"));
  await daemon.stop();
});

Deno.test("session ids cannot be guessed or listed", async () => {
  const daemon = await openTestDaemon();
  const { id } = await openLogin(daemon);

  match(id, /^sess_[0-9a-f]{32}$/);
  for (const guess of [`sess_${"0".repeat(32)}`, "sess_", "%", "server:session:x", `${id}x`]) {
    const response = await daemon.request(`/auth/sessions/${guess}/input`);
    equal(response.status, 404);
    equal((await response.text()).includes(CANARY), false);
  }
  await daemon.stop();
});

Deno.test("an id that is not there is answered as one that could never be", async (t) => {
  const daemon = await openTestDaemon();
  const owner = await registerOwner(daemon);
  const routes = [
    ["GET", "/auth/sessions/", "sess_", 32],
    ["DELETE", "/auth/sessions/", "sess_", 32],
    ["GET", "/grants/", "grant_", 24],
    ["DELETE", "/grants/", "grant_", 24],
  ] as const;
  for (const [method, path, prefix, digits] of routes) {
    await t.step(`${method} ${path}`, async () => {
      const answers = new Set<string>();
      const guesses = ["x", `${prefix}x`, `${prefix}${"0".repeat(digits)}`];
      for (let i = 0; i < 20; i++) {
        const bytes = crypto.getRandomValues(new Uint8Array(digits / 2));
        guesses.push(prefix + bytes.toHex());
      }
      for (const guess of guesses) {
        const response = await owner.call(method, path + guess);
        answers.add(`${response.status} ${(await response.text()).replaceAll(guess, "ID")}`);
      }

      equal(answers.size, 1, [...answers].join("\n"));
      match([...answers][0]!, /^(403|404) /);
    });
  }
  await daemon.stop();
});

/** Owners so far: two of one name would be refused. */
let owners = 0;

/** A login that waits for its key, and the page of it. */
async function openLogin(
  daemon: TestDaemon,
  provider = "acme",
): Promise<{ id: string; path: string; token: string; html: string }> {
  const number = String(1000 + ++owners);
  const owner = await registerOwner(daemon, `calm-quietly-softly-${number}`);
  const { id, next_action } = await owner.json<Session>("POST", "/auth/sessions", { provider });
  ok(next_action.type === "open_url");
  const path = next_action.url.slice(BASE_URL.length);
  const html = await (await daemon.request(path)).text();
  const token = /name="form_token" value="([0-9a-f]+)"/.exec(html)![1]!;
  return { id, path, token, html };
}
