/**
 * What the daemon finds when it checks itself: each thing is broken, and the finding names what mends
 * it.
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { Finding, Readiness } from "../../core/api.ts";
import { saveConnection } from "../../daemon/records/connections.ts";
import { stateChange } from "../../daemon/records/connection_state.ts";
import { MemoryVault } from "../../daemon/vault/memory_vault.ts";
import type { VaultRecord } from "../../daemon/vault/vault.ts";
import { VaultSealError } from "../../core/errors.ts";
import { exampleConnection } from "./records/connection_example.ts";
import {
  type Client,
  logIn,
  memoryDefinitions,
  type TestDaemon,
  type TestDaemonOptions,
} from "./support/test_daemon.ts";
import { withOwner } from "./support/with_owner.ts";

function withDaemon(
  work: (daemon: TestDaemon, owner: Client) => Promise<void>,
  options: TestDaemonOptions = {},
): Promise<void> {
  return withOwner(({ daemon, owner }) => work(daemon, owner), options);
}

const ready = (owner: Client) => owner.json<Readiness>("GET", "/ready");

const findingsOf = ({ findings }: Readiness, check: Finding["check"]) =>
  findings.filter((finding) => finding.check === check);

Deno.test("all is well: no finding", async () => {
  await withDaemon(async (_daemon, owner) => {
    const { status, findings } = await ready(owner);

    deepEqual({ status, findings }, { status: "ok", findings: [] });
  });
});

Deno.test("connections in every state: what is wrong with each, and the login that mends it", async (t) => {
  const now = new Date("2026-03-01T12:00:00Z");
  const inDays = (days: number) => new Date(now.getTime() + days * 86_400_000);
  const key = { auth_type: "api_key", flow: "api_key" } as const;
  const table = {
    "a refresh token that the provider does not accept": {
      changes: { status: "needs_reauth" },
      failure: "invalid_grant",
      severity: "broken",
      problem:
        /^hub\/x needs a new login: the provider does not accept its refresh token any more \(invalid_grant, 2026-03-01 12:00 UTC\)$/,
    },
    "a refresh token that the provider does not accept, after a restore": {
      changes: { status: "needs_reauth" },
      severity: "broken",
      problem:
        /^hub\/x needs a new login: the provider does not accept its refresh token any more$/,
    },
    "revoked": {
      changes: { status: "revoked" },
      severity: "broken",
      problem: /^hub\/x needs a new login: it was revoked$/,
    },
    "a token that ended, and nothing to refresh it with": {
      changes: { expires_at: inDays(-1), secrets: {} },
      severity: "broken",
      problem: /^hub\/x needs a new login: its token ended on 2026-02-28 12:00 UTC and cannot be/,
    },
    "a token that ended and will be refreshed": { changes: { expires_at: inDays(-1) } },
    "a refresh that failed once": {
      changes: {},
      failure: "it did not answer in time",
      severity: "warning",
      problem: /^The last refresh of hub\/x failed: it did not answer in time/,
      mend: "authsome doctor --live    tries it again",
    },
    "a key that ended": {
      changes: { ...key, expires_at: inDays(-1) },
      severity: "broken",
      problem: /^hub\/x needs a new login: its key is over since 2026-02-28/,
    },
    "a key that ends this week": {
      changes: { ...key, expires_at: inDays(3) },
      severity: "warning",
      problem: /^The key of hub\/x ends on 2026-03-04/,
    },
    "a key that ends next year": { changes: { ...key, expires_at: inDays(365) } },
  } as const;

  for (const [title, row] of Object.entries(table)) {
    await t.step(title, () =>
      withDaemon(async ({ vault }, owner) => {
        const { vault_id } = await owner.json<{ vault_id: string }>("GET", "/whoami");
        const ref = { provider: "hub", connection: "x" };
        const connection = exampleConnection("hub", "x", {
          vault_id,
          auth_type: "oauth2",
          flow: "pkce",
          ...row.changes,
        });
        const state = {
          last_refresh_at: null,
          last_refresh_error: "failure" in row ? row.failure : null,
          last_failure_at: "failure" in row ? now : null,
        };
        await saveConnection(vault, connection, { now, also: [stateChange(vault_id, ref, state)] });

        const answer = await ready(owner);

        const [found, ...more] = findingsOf(answer, "connections");
        equal(more.length, 0);
        equal(found?.severity, "severity" in row ? row.severity : undefined);
        equal(answer.checks.connections, found?.severity === "broken" ? "attention" : "ok");
        if (!("severity" in row)) return;
        match(found!.problem, row.problem);
        const mend = "mend" in row ? row.mend : "authsome login hub --connection x --force";
        equal(found!.mend, mend);
      }));
  }
});

Deno.test("a connection whose provider has no definition any more can be logged out", async () => {
  await withDaemon(async ({ vault }, owner) => {
    const { vault_id } = await owner.json<{ vault_id: string }>("GET", "/whoami");
    const gone = exampleConnection("gone", "default", { vault_id });
    await saveConnection(vault, gone, { now: new Date() });

    const [found] = findingsOf(await ready(owner), "connections");
    match(found!.problem, /^gone\/default cannot be used: its provider has no definition/);
    equal(found!.mend, "authsome logout gone --connection default");
    await owner.json("POST", "/connections/gone/default/logout", {});

    equal((await ready(owner)).status, "ok");
  });
});

Deno.test("a provider file that cannot be used is named with the command that takes it away, and no connection goes with it", async () => {
  let broken = [
    { file: "acme.json", problem: "hosts is missing" },
    { file: "It's.json", problem: "it is not JSON" },
  ];
  const store = {
    ...memoryDefinitions(),
    read: () => Promise.resolve({ definitions: [], broken }),
    remove: (name: string) => void (broken = broken.filter(({ file }) => file !== `${name}.json`)),
  };
  await withDaemon(async (_daemon, owner) => {
    await logIn(owner, "acme");

    const before = await ready(owner);
    deepEqual(findingsOf(before, "providers").map(({ mend }) => mend), [
      "authsome remove acme    or write it anew: authsome register PATH",
      "rm '/home/person/.authsome/server/providers/It'\\''s.json'",
    ]);
    await owner.json("DELETE", "/providers/acme");

    const after = await ready(owner);
    deepEqual(findingsOf(after, "providers").map(({ problem }) => problem), [
      "The provider file It's.json cannot be used: it is not JSON",
    ]);
    const { connections } = await owner.json<{ connections: unknown[] }>("GET", "/connections");
    equal(connections.length, 1, "the bundled definition's login stays");
  }, { store });
});

Deno.test("a definition over a bundled one is told, and is no failure", async () => {
  await withDaemon(async ({ broker }, owner) => {
    await broker.catalogue.save(broker.catalogue.get("acme"));

    const answer = await ready(owner);

    equal(answer.status, "ok");
    match(
      findingsOf(answer, "providers")[0]!.problem,
      /acme is your own and hides the bundled one/,
    );
    equal(answer.warnings.length, 1);
  });
});

/** A vault of which some records do not open. */
class DamagedVault extends MemoryVault {
  damaged = "";

  override get(key: string): Promise<VaultRecord | null> {
    if (this.damaged === "" || !key.endsWith(this.damaged)) return super.get(key);
    return Promise.reject(new VaultSealError(`Cannot open the record ${key}: it was changed`));
  }
}

Deno.test("a record that does not open is named; a connection's is mended by a login", async () => {
  const vault = new DamagedVault();
  await withDaemon(async (_daemon, owner) => {
    await logIn(owner, "acme");
    vault.damaged = ":acme:connection:default";

    const answer = await ready(owner);

    equal(answer.status, "unhealthy");
    match(answer.issues[0]!, /^1 of the vault's records do not open, the first of them vault:/);
    const [found] = findingsOf(answer, "integrity");
    match(found!.problem, /:acme:connection:default does not open/);
    equal(found!.mend, "authsome login acme --connection default --force");

    vault.damaged = ":principal";
    const [other] = findingsOf(await ready(owner), "integrity");
    ok(other!.mend.startsWith("authsome restore PATH"));
  }, { vault });
});

Deno.test("what the process finds of itself: each has a mending command", async () => {
  await withDaemon(async (_daemon, owner) => {
    const { status, findings } = await ready(owner);

    equal(status, "degraded");
    deepEqual(findings.map(({ check, mend }) => [check, mend.split("    ")[0]]), [
      ["confinement", "authsome daemon restart"],
      ["egress", "authsome daemon restart"],
    ]);
  }, {
    probes: {
      confinement: () => ({ code: "leaking", problem: "The daemon is not confined" }),
      egress: () => ({ code: "down", problem: "The egress relay is gone" }),
    },
  });
});
