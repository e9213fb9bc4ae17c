/**
 * A dashboard with something to see: every bundled provider, connections in every state, runs, and
 * two weeks in the audit log; served on a port of its own for a real browser.
 *
 * @module
 */
import type { AuditEvent, AuditLine } from "../../../core/audit_chain.ts";
import type { Connection } from "../../../core/connection.ts";
import type { OwnerCaller } from "../../../daemon/broker/caller.ts";
import type { Broker } from "../../../daemon/broker/broker.ts";
import { saveConnection } from "../../../daemon/records/connections.ts";
import { bundledProviders } from "../../../providers/mod.ts";
import { exampleConnection } from "../records/connection_example.ts";
import {
  type Client,
  grantRun,
  openTestDaemon,
  PROVIDERS,
  registerOwner,
  type TestDaemon,
  type TestDaemonOptions,
} from "./test_daemon.ts";
import { dashboardLink } from "./dashboard_visitor.ts";

/** The stage. */
export interface DashboardStage {
  readonly daemon: TestDaemon;
  readonly owner: Client;
  /** Without a slash at its end. */
  readonly baseUrl: string;
  /** A fresh one-time link. */
  readonly link: () => Promise<string>;
}

/** How a stage differs from the usual one. */
export interface StageOptions extends Pick<TestDaemonOptions, "fetch"> {
  /** `false`: a home that was just made. */
  readonly filled?: boolean;
}

/** Runs `work` on a stage. */
export async function withDashboard(
  work: (stage: DashboardStage) => Promise<void>,
  { filled = true, ...parts }: StageOptions = {},
): Promise<void> {
  let port = 0;
  const past: AuditLine[] = [];
  const present: AuditEvent[] = [];
  const daemon = await openTestDaemon({
    providers: [...bundledProviders(), ...PROVIDERS],
    baseUrl: () => `http://127.0.0.1:${port}`,
    audit: (...events) => void present.push(...events),
    auditTrail: trailOf(past, present, () => daemon.clock.now),
    ...parts,
  });
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => daemon.fetch(request),
  );
  port = server.addr.port;
  try {
    const owner = await registerOwner(daemon);
    if (filled) await fill(daemon, owner, past);
    const baseUrl = `http://127.0.0.1:${port}`;
    await work({ daemon, owner, baseUrl, link: () => dashboardLink(owner) });
  } finally {
    await daemon.stop();
    await server.shutdown();
  }
}

const DAY_MS = 24 * 60 * 60 * 1000;

async function fill(daemon: TestDaemon, owner: Client, past: AuditLine[]): Promise<void> {
  const { vault, clock: { now } } = daemon;
  const who = await ownerCaller(daemon, owner);
  const add = async (
    provider: string,
    name: string,
    label: string | null,
    changes: Partial<Connection> = {},
  ) => {
    const definition = daemon.broker.catalogue.get(provider);
    const isKey = definition.auth_type === "api_key";
    const connection = exampleConnection(provider, name, {
      ...who,
      auth_type: definition.auth_type,
      flow: definition.flow,
      scopes: isKey ? null : ["read", "write"],
      expires_at: isKey ? null : new Date(now.getTime() + 40 * 60_000),
      obtained_at: now,
      account: { id: null, label },
      ...changes,
    });
    await saveConnection(vault, connection, { now });
  };
  await add("github", "work", "mona@example.com", { scopes: ["repo", "read:user", "read:org"] });
  await add("github", "private", "mona-lisa");
  await add("openai", "default", null);
  await add("anthropic", "default", null, { expires_at: new Date(now.getTime() + 3 * DAY_MS) });
  await add("stripe", "live", "acct_1Mv2", {});
  await add("slack", "default", "Example Inc.", { status: "needs_reauth" });
  await add("linear", "default", "mona@example.com");
  await add("notion", "default", "Mona's notes");
  await grantRun(daemon, owner, {
    label: "claude",
    only: [{ provider: "github", connection: "work" }, { provider: "linear", connection: null }],
  });
  await grantRun(daemon, owner, { label: "python3" });
  const runs = (await daemon.vault.list("server:grant:"))
    .map(({ value }) => JSON.parse(value) as { id: string; label: string });
  const claude = runs.find(({ label }) => label === "claude")?.id ?? "";
  past.push(...history(now, who.identity, claude));
}

/** What the daemon knows the client as. */
async function ownerCaller(
  daemon: TestDaemon,
  owner: Client,
): Promise<Pick<OwnerCaller, "identity" | "principal_id" | "vault_id">> {
  const me = await owner.json<{ identity: string; principal_id: string; vault_id: string }>(
    "GET",
    "/whoami",
  );
  daemon.clock.now = new Date(daemon.clock.now.getTime() + 1);
  return { identity: me.identity, principal_id: me.principal_id, vault_id: me.vault_id };
}

const REQUESTS = [4, 31, 52, 18, 0, 3, 44, 61, 38, 70, 12, 9, 57, 26];

function history(now: Date, identity: string, run: string): AuditLine[] {
  const lines: Omit<AuditLine, "seq">[] = REQUESTS.flatMap((count, index) => {
    const day = new Date(now.getTime() - (REQUESTS.length - 1 - index) * DAY_MS - 60_000);
    const base = { timestamp: day.toISOString(), identity, run, prev: "" };
    const use = {
      ...base,
      event: "use",
      status: "success",
      provider: "github",
      connection: "work",
      details: { host: "api.github.com", method: "GET", count, statuses: { "2xx": count } },
    } as const;
    const denied = {
      ...base,
      event: "proxy_deny",
      status: "denied",
      details: { host: "metadata.internal", reason: "GrantDeniedError", count: 5 },
    } as const;
    return count === 0 ? [] : index % 5 === 2 ? [use, denied] : [use];
  });
  return lines.map((line, index) => ({ ...line, seq: index + 1 }));
}

/** Pages and filters as the real log does, without a chain. */
function trailOf(
  past: readonly AuditLine[],
  present: readonly AuditEvent[],
  now: () => Date,
): Broker["auditTrail"] {
  const all = () => [
    ...past,
    ...present.map((event, i) => ({
      ...event,
      seq: past.length + i + 1,
      timestamp: now().toISOString(),
      prev: "",
    })),
  ];
  return {
    async *newest() {
      yield* all().reverse();
    },
    page: ({ limit = 50, cursor, event, provider, run, status }) => {
      const before = cursor === undefined ? Infinity : Number(cursor);
      const fitting = all().reverse().filter((line) =>
        line.seq < before && (event === undefined || line.event === event) &&
        (provider === undefined || line.provider === provider) &&
        (run === undefined || line.run?.startsWith(run) === true) &&
        (status === undefined || line.status === status)
      );
      const entries = fitting.slice(0, limit);
      const more = fitting.length > limit ? String(entries.at(-1)!.seq) : null;
      return Promise.resolve({ entries, next_cursor: more });
    },
    verify: () => {
      const lines = all().length;
      const report = { files: 1, lines, checkpoints: 2, signed_until: lines - 1, head_seq: lines };
      return Promise.resolve({ ...report, fault: null });
    },
  };
}
