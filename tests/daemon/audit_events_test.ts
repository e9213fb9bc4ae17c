/**
 * Every decision is written down before it is made; what happens often is counted; what a run says of
 * itself stays within its grant.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { UsageAnswer, UsageReport } from "../../core/api.ts";
import type { AuditEvent } from "../../core/audit_chain.ts";
import { StoreUnavailableError } from "../../core/errors.ts";
import {
  CANARY,
  type Client,
  grantRun,
  logIn,
  openTestDaemon,
  registerOwner,
  type TestDaemon,
} from "./support/test_daemon.ts";
import { type OwnedDaemon, withOwner } from "./support/with_owner.ts";

function withScene(test: (scene: OwnedDaemon) => Promise<void>): Promise<void> {
  return withOwner(async (scene) => {
    await logIn(scene.owner, "acme");
    scene.daemon.audit.length = 0;
    await test(scene);
  });
}

const RESOLVE = { provider: "acme", host: "api.acme.test", path: "/x", method: "GET" };

Deno.test("credentials handed out are one line a minute, however many there are", async () => {
  await withScene(async ({ daemon, owner }) => {
    const { run, grant } = await grantRun(daemon, owner);
    daemon.audit.length = 0;

    for (let n = 0; n < 100; n++) await run.json("POST", "/credentials/resolve", RESOLVE);
    assert.equal(daemon.audit.length, 1);
    daemon.clock.now = new Date(daemon.clock.now.getTime() + 60_000);
    daemon.broker.usage.flush();

    const lines = daemon.audit.filter(({ event }) => event === "resolve");
    assert.deepEqual(lines.map(({ details }) => details?.["count"]), [1, 99]);
    assert.equal(lines[0]?.run, grant.id);
    assert.deepEqual(lines[1]?.details, {
      host: "api.acme.test",
      method: "GET",
      count: 99,
      minute: "2026-03-01T12:00:00.000Z",
    });
  });
});

Deno.test("a refusal is written, by what was asked and why; a flood of them is bounded", async () => {
  await withScene(async ({ daemon, owner }) => {
    const { run } = await grantRun(daemon, owner, {
      only: [{ provider: "acme", connection: null }],
    });
    daemon.audit.length = 0;

    await (await run.call("POST", "/credentials/resolve", { ...RESOLVE, host: "evil.test" }))
      .text();
    await (await run.call("POST", "/credentials/resolve", { provider: "pair" })).text();
    await (await run.call("GET", `/connections/acme/${CANARY}`)).text();
    assert.deepEqual(
      daemon.audit.map(({ event, provider, details }) => [event, provider, details]),
      [
        ["proxy_deny", "acme", {
          host: "evil.test",
          method: "GET",
          reason: "GrantDeniedError",
          count: 1,
        }],
        ["proxy_deny", "pair", { reason: "GrantDeniedError", count: 1 }],
        ["proxy_deny", undefined, {
          reason: "GrantDeniedError",
          asked: "GET /connections",
          count: 1,
        }],
      ],
    );
    for (let n = 0; n < 300; n++) {
      const request = { ...RESOLVE, host: `h${n}.evil.test` };
      await (await run.call("POST", "/credentials/resolve", request)).text();
    }
    assert.ok(daemon.audit.length < 250);
  });
});

Deno.test("a flood of refusals is bounded whatever names the caller comes up with", async () => {
  await withScene(async ({ daemon, owner }) => {
    const { run } = await grantRun(daemon, owner, {
      only: [{ provider: "acme", connection: null }],
    });
    daemon.audit.length = 0;

    for (let n = 0; n < 300; n++) {
      const request = { provider: "acme", connection: `made-up-${n}` };
      await (await run.call("POST", "/credentials/resolve", request)).text();
    }

    assert.ok(daemon.audit.length < 250, `${daemon.audit.length} lines`);
    daemon.broker.usage.flush();
    const counted = daemon.audit.map(({ details }) => Number(details?.["count"]));
    assert.equal(counted.reduce((sum, count) => sum + count), 300);
  });
});

Deno.test("a run whose grant has ended is refused, and that is written", async () => {
  await withScene(async ({ daemon, owner }) => {
    const { run, grant } = await grantRun(daemon, owner);
    await owner.json("DELETE", `/grants/${grant.id}`);
    daemon.audit.length = 0;

    await (await run.call("POST", "/credentials/resolve", RESOLVE)).text();

    assert.deepEqual(daemon.audit.map(({ event, details }) => [event, details?.["reason"]]), [
      ["proxy_deny", "GrantEnded"],
    ]);
  });
});

const USE = {
  provider: "acme",
  connection: "default",
  host: "api.acme.test",
  method: "GET",
  minute: "2026-03-01T12:00:00.000Z",
  statuses: { "2xx": 3, "5xx": 1 },
};

Deno.test("a run's report is written under its grant, without what the grant does not cover", async () => {
  await withScene(async ({ daemon, owner }) => {
    const only = [{ provider: "acme", connection: "default" }];
    const { run, grant } = await grantRun(daemon, owner, { only });
    daemon.audit.length = 0;
    const report: UsageReport = {
      uses: [USE, { ...USE, connection: "work" }, { ...USE, provider: "pair" }],
      denials: [{ host: "evil.test", reason: "HostNotAllowedError", minute: USE.minute, count: 2 }],
    };

    const answer = await run.json<UsageAnswer>("POST", "/proxy/usage", report);

    assert.deepEqual(answer, { status: "ok", accepted: 2, refused: 2 });
    assert.deepEqual(daemon.audit.map(({ event, run }) => [event, run]), [
      ["use", grant.id],
      ["proxy_deny", grant.id],
    ]);
    assert.deepEqual(daemon.audit[0]?.details?.["statuses"], { "2xx": 3, "5xx": 1 });
  });
});

const BAD_USES: readonly [string, unknown][] = [
  ["a host with a path", { ...USE, host: "api.acme.test/secret" }],
  ["a host with a user", { ...USE, host: "user@api.acme.test" }],
  ["a count below one", { ...USE, statuses: { "2xx": 0 } }],
  ["a count without bound", { ...USE, statuses: { "2xx": 1e12 } }],
  ["a method that is text", { ...USE, method: "GET /secret" }],
  ["a field that nobody knows", { ...USE, path: "/secret" }],
];
for (const [name, use] of BAD_USES) {
  Deno.test(`a report with ${name} is refused whole`, async () => {
    await withScene(async ({ daemon, owner }) => {
      const { run } = await grantRun(daemon, owner);
      daemon.audit.length = 0;

      const response = await run.call("POST", "/proxy/usage", { uses: [use], denials: [] });

      assert.equal(response.status, 422);
      assert.equal((await response.text()).includes("secret"), false);
      assert.deepEqual(daemon.audit, []);
    });
  });
}

Deno.test("what one run can have written in a minute is bounded", async () => {
  await withScene(async ({ daemon, owner }) => {
    const { run } = await grantRun(daemon, owner);
    daemon.audit.length = 0;
    const uses = Array.from({ length: 200 }, (_, n) => ({ ...USE, host: `h${n}.acme.test` }));

    let refused = 0;
    for (let n = 0; n < 12; n++) {
      const report = { uses, denials: [] };
      refused += (await run.json<UsageAnswer>("POST", "/proxy/usage", report)).refused;
    }

    assert.equal(daemon.audit.length, 2_000);
    assert.equal(refused, 400);
  });
});

const DECISIONS: readonly [name: string, method: string, path: string, body?: unknown][] = [
  ["export", "POST", "/credentials/export", { provider: "acme" }],
  ["a shown secret", "GET", "/connections/acme/default?show_secrets=true"],
  ["a resolve", "POST", "/credentials/resolve", RESOLVE],
  ["a logout", "POST", "/connections/acme/default/logout", {}],
  ["a revocation", "POST", "/connections/acme/revoke", {}],
  ["a default", "POST", "/connections/acme/default/default", {}],
  ["a grant", "POST", "/grants", {
    run_did: "did:key:z6MkehRgf7yJbgaGfYsdoAsKdBPE3dj2CYhowQdcjqSJgvVd",
  }],
];
for (const [name, method, path, body] of DECISIONS) {
  Deno.test(`${name} does not happen when the log cannot be written`, async () => {
    let isFull = false;
    const written: AuditEvent[] = [];
    const daemon = await openTestDaemon({
      audit: (...events) => {
        if (isFull) throw new StoreUnavailableError("Cannot write the audit log");
        written.push(...events);
      },
    });
    const owner = await registerOwner(daemon);
    await logIn(owner, "acme");
    const before = await snapshot(daemon);
    isFull = true;

    const response = await owner.call(method, path, body);

    assert.equal(response.status, 503);
    assert.equal((await response.text()).includes(CANARY), false);
    assert.deepEqual(await snapshot(daemon), before);
    isFull = false;
    assert.equal((await owner.call(method, path, body)).status, 200);
    await daemon.stop();
  });
}

async function snapshot(daemon: TestDaemon): Promise<readonly string[]> {
  return (await daemon.vault.list("")).map(({ key, value }) => `${key} ${value}`);
}

Deno.test("what a scan takes in is written as a scan: done, failed, given up", async () => {
  await withScene(async ({ daemon, owner }) => {
    const begin = async (provider: string) =>
      (await owner.json<{ id: string }>("POST", "/auth/sessions", {
        provider,
        connection: "found",
        purpose: "scan",
      })).id;
    const done = await begin("acme");
    await owner.json("POST", `/auth/sessions/${done}/resume`, { data: { api_key: CANARY } });
    const stopped = await begin("strict");
    await owner.json("DELETE", `/auth/sessions/${stopped}`);

    assert.deepEqual(
      daemon.audit.map(({ event, status, provider, connection }) => [
        event,
        status,
        provider,
        connection,
      ]),
      [["scan", "success", "acme", "found"], ["scan", "failure", "strict", "found"]],
    );
  });
});

Deno.test("each decision is a line: what it was, about what, by whom, and how it ended", async (t) => {
  const acme = ["acme", "default"] as const;
  const path = "/connections/acme/default";
  const begin = async (owner: Client, provider: string) =>
    (await owner.json<{ id: string }>("POST", "/auth/sessions", { provider, force: true })).id;
  const definition = {
    name: "mine",
    display_name: "Mine",
    auth_type: "api_key",
    hosts: ["api.mine.test"],
    injection: { type: "header", name: "X-Key", value: "{api_key}" },
    fields: [{ name: "api_key", label: "Key", secret: true }],
  };
  type Row = readonly [event: string, status: string, provider?: string, connection?: string];
  const table: Record<string, readonly [(owner: Client) => Promise<unknown>, readonly Row[]]> = {
    "a login": [(owner) => logIn(owner, "pair", { account_id: "AC1", auth_token: "abc12345" }), [
      ["login", "success", "pair", "default"],
    ]],
    "a login that was given up": [
      async (owner) => await owner.json("DELETE", `/auth/sessions/${await begin(owner, "acme")}`),
      [["login", "failure", ...acme]],
    ],
    "a shown secret": [(owner) => owner.json("GET", `${path}?show_secrets=true`), [
      ["get", "success", ...acme],
    ]],
    "a masked one": [(owner) => owner.json("GET", path), []],
    "an export": [(owner) => owner.json("POST", "/credentials/export", { provider: "acme" }), [
      ["export", "success", ...acme],
    ]],
    "a comparison": [
      (owner) =>
        owner.json("POST", "/credentials/compare", {
          provider: "acme",
          values: { api_key: CANARY },
        }),
      [["compare", "success", ...acme]],
    ],
    "a default": [(owner) => owner.json("POST", `${path}/default`), [
      ["set_default", "success", ...acme],
    ]],
    "a logout": [(owner) => owner.json("POST", `${path}/logout`), [["logout", "success", ...acme]]],
    "a revocation": [(owner) => owner.json("POST", "/connections/acme/revoke"), [
      ["revoke", "success", "acme"],
    ]],
    "a definition": [(owner) => owner.json("POST", "/providers", { definition }), [
      ["register", "success", "mine"],
    ]],
    "a definition taken away": [
      async (owner) => {
        await owner.json("POST", "/providers", { definition });
        await owner.json("DELETE", "/providers/mine");
      },
      // Whatever is kept of it goes first.
      ["register", "revoke", "remove"].map((event) => [event, "success", "mine"] as const),
    ],
    "a definition that is refused": [
      async (owner) => {
        const refused = { ...definition, hosts: ["127.0.0.1"] };
        await (await owner.call("POST", "/providers", { definition: refused })).body?.cancel();
      },
      [],
    ],
  };
  for (const [title, [decide, rows]] of Object.entries(table)) {
    await t.step(title, () =>
      withScene(async ({ daemon, owner }) => {
        await decide(owner);
        const written = daemon.audit.filter(({ event }) => event !== "revoke_outcome");
        assert.deepEqual(
          written.map(({ event, status, provider, connection }) =>
            [event, status, provider, connection].filter((part) => part !== undefined)
          ),
          rows,
        );
        for (const { identity } of written) assert.equal(identity, owner.signer.subject);
        assert.equal(JSON.stringify(daemon.audit).includes(CANARY), false);
      }));
  }
  await t.step("a grant, its end, and a denial", () =>
    withScene(async ({ daemon, owner }) => {
      const { run, grant } = await grantRun(daemon, owner, { label: "agent" });
      await (await run.call("GET", "/connections")).body?.cancel();
      await owner.json("DELETE", `/grants/${grant.id}`);
      assert.deepEqual(daemon.audit.map(({ event, status, run: id }) => [event, status, id]), [
        ["grant_start", "success", grant.id],
        ["proxy_deny", "denied", grant.id],
        ["grant_end", "success", grant.id],
      ]);
    }));
});
