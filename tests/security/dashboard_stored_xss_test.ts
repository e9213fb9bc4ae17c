/**
 * Nothing that somebody else wrote — a definition, an account's name, a line of the audit log —
 * becomes part of a page's markup.
 *
 * @module
 */
import { equal, ok } from "node:assert/strict";
import type { AuditEvent } from "../../core/audit_chain.ts";
import type { ProviderDefinition } from "../../core/provider.ts";
import { parseProvider } from "../../core/provider_schema.ts";
import { saveConnection } from "../../daemon/records/connections.ts";
import { exampleConnection } from "../daemon/records/connection_example.ts";
import { enterDashboard } from "../daemon/support/dashboard_visitor.ts";
import {
  clientFor,
  grantRun,
  memoryDefinitions,
  openTestDaemon,
  PROVIDERS,
  registerOwner,
} from "../daemon/support/test_daemon.ts";

const MARKUP =
  `"'></title></textarea></script><script>alert(1)</script><img src=x onerror=alert(1)>`;
const SCRIPT_URL = `javascript:alert(1)//"><script>`;

/** A definition that no parser would take: every text in it is hostile. */
function hostileDefinition(): ProviderDefinition {
  const plain = parseProvider(PROVIDERS[3]);
  const poisoned = poison({ ...plain, fields: [{ name: "x", label: "x", secret: true }] });
  return {
    ...poisoned as ProviderDefinition,
    name: "hostile",
    auth_type: "oauth2",
    flow: "api_key",
    flows: ["api_key", "pkce"],
    injection: { type: "header", name: MARKUP, value: MARKUP },
    description: MARKUP,
    category: MARKUP,
    docs_url: SCRIPT_URL,
    logo: SCRIPT_URL,
    fields: [{ name: MARKUP, label: MARKUP, secret: true, pattern_hint: MARKUP }],
    env: { [MARKUP]: "x" },
    metadata: { [MARKUP]: MARKUP },
    allow_private: true,
  };
}

function poison(value: unknown): unknown {
  if (typeof value === "string") return MARKUP;
  if (Array.isArray(value)) return value.map(poison);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, poison(part)]));
}

/** What would run or load something, if it were markup. */
function findMarkup(page: string): string | null {
  const found =
    /<script|<img|<\/textarea><\/script|<\/title><\/textarea|href="\s*(?:javascript|data:text)/i
      .exec(page);
  return found === null ? null : page.slice(Math.max(0, found.index - 80), found.index + 80);
}

Deno.test("stored XSS: every field of a definition, a connection, a run and an audit entry", async () => {
  const entries: AuditEvent[] = [];
  const lines = () =>
    entries.map((entry, i) => ({
      ...entry,
      seq: i + 1,
      timestamp: daemon.clock.now.toISOString(),
      prev: "",
    }));
  const store = memoryDefinitions();
  store.save(hostileDefinition());
  // Its routes would be made for a grant, and no route is made of such hosts.
  const earlier = await openTestDaemon();
  const { signer } = await registerOwner(earlier);
  await grantRun(earlier, clientFor(earlier, signer), { label: "agent" });
  const daemon = await openTestDaemon({
    vault: earlier.vault,
    store,
    auditTrail: {
      page: () => Promise.resolve({ entries: lines(), next_cursor: `1"><script>` }),
      async *newest() {
        yield* lines().reverse();
      },
      verify: () =>
        Promise.resolve({
          files: 1,
          lines: 1,
          checkpoints: 0,
          signed_until: 0,
          head_seq: 0,
          fault: {
            file: MARKUP,
            line: 1,
            seq: 1,
            problem: "broken_chain" as never,
            message: MARKUP,
          },
        }),
    },
    home: MARKUP,
    probes: { config: () => ({ code: MARKUP, problem: MARKUP }) },
  });
  try {
    const owner = clientFor(daemon, signer);
    const me = await owner.json<{ vault_id: string; principal_id: string }>("GET", "/whoami");
    for (const provider of ["hostile", "gone"]) {
      const connection = exampleConnection(provider, "work", {
        vault_id: me.vault_id,
        principal_id: me.principal_id,
        account: { id: MARKUP, label: MARKUP },
        base_url: MARKUP,
        scopes: [MARKUP],
        status: "needs_reauth",
      });
      await saveConnection(daemon.vault, connection, { now: daemon.clock.now });
    }
    const kept = (await daemon.vault.list("server:grant:"))[0]!;
    const value = JSON.stringify({ ...JSON.parse(kept.value), label: MARKUP });
    await daemon.vault.write([{ type: "put", key: kept.key, value }]);
    for (const event of ["use", "proxy_deny", MARKUP]) {
      entries.push({
        event: event as AuditEvent["event"],
        status: "denied",
        provider: MARKUP,
        connection: MARKUP,
        identity: MARKUP,
        run: MARKUP,
        details: { [MARKUP]: MARKUP, host: MARKUP, list: [MARKUP], count: 2 },
      });
    }
    entries.push({ event: "login", status: "success", details: { label: MARKUP } });

    const { look, post } = await enterDashboard(daemon, owner);
    const grant = kept.key.slice("server:grant:".length);
    const pages = [
      "/ui/",
      "/ui/connections",
      `/ui/connections?${new URLSearchParams({ q: MARKUP, category: MARKUP })}`,
      "/ui/connections?show=attention",
      "/ui/apps/hostile",
      "/ui/apps/hostile/revoke",
      "/ui/apps/hostile/remove",
      "/ui/apps/hostile/work/show",
      "/ui/audit",
      `/ui/audit?${new URLSearchParams({ provider: MARKUP, run: MARKUP, from: MARKUP })}`,
      "/ui/settings",
      `/ui/runs/${grant}/end`,
      `/ui/apps/${encodeURIComponent("<img src=x>")}`,
    ];
    for (const page of pages) {
      const { text } = await look(page);
      ok(text.includes("<!doctype html>"), page);
      equal(findMarkup(text), null, page);
    }
    await post("/ui/audit/verify");
    equal(findMarkup((await look("/ui/audit")).text), null, "the fault of a verification");
    const typed = await post("/ui/register", { definition: MARKUP });
    equal(typed.status, 422);
    equal(findMarkup(typed.text), null, "what was typed");
    equal(findMarkup((await post("/ui/apps/hostile/work/show")).text), null, "the secret's page");
    const login = await post("/ui/apps/hostile/connect", { connection: "more", flow: "api_key" });
    equal(login.status, 303);
    const form = await (await daemon.request(new URL(login.headers.get("location")!).pathname))
      .text();
    equal(findMarkup(form), null, "the login's form");
    await post("/ui/runs/" + grant + "/end");
    equal(findMarkup((await look("/ui/")).text), null, "what the page was told");
  } finally {
    await earlier.stop();
    await daemon.stop();
  }
});

Deno.test("a definition's documentation is a link only where it is https", async () => {
  const plain = PROVIDERS[0] as Record<string, unknown>;
  const rows = [
    ["https://acme.example/keys", true],
    ["http://acme.example/keys", false],
    // No parser lets these in; a definition that an older version kept may hold one.
    ["javascript:alert(1)", false],
    ["data:text/html,<script>alert(1)</script>", false],
    ["//acme.example/keys", false],
  ] as const;
  for (const [docs_url, isLink] of rows) {
    const store = memoryDefinitions();
    store.save({ ...parseProvider({ ...plain, name: "linked" }), docs_url });
    const daemon = await openTestDaemon({ store });
    try {
      const owner = await registerOwner(daemon);
      const { look, post } = await enterDashboard(daemon, owner);
      const page = (await look("/ui/apps/linked")).text;
      const login = (await post("/ui/apps/linked/connect")).headers.get("location")!;
      const form = await (await daemon.request(new URL(login).pathname)).text();

      equal(/href="[^"]*">Documentation|target="_blank"/.test(page), isLink, docs_url);
      equal(form.includes("Where to find it"), isLink, docs_url);
      equal(findMarkup(page) ?? findMarkup(form), null, docs_url);
    } finally {
      await daemon.stop();
    }
  }
});
