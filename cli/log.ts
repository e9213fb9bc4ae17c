/**
 * `authsome log`: what was decided and done, out of the audit log.
 *
 * @module
 */
import type { AuditFilter } from "../core/api.ts";
import type { AuditLine } from "../core/audit_chain.ts";
import { AUDIT_EVENTS } from "../core/audit_events.ts";
import { UsageError } from "../core/errors.ts";
import { isName } from "../core/provider.ts";
import { importLater } from "../core/import_later.ts";
import type { DaemonClient } from "../client/daemon_client.ts";
import type { Command } from "./command.ts";
import { untilInterrupted } from "./interrupt.ts";
import { plainLine } from "./plain_text.ts";
import { readCount } from "./read_count.ts";
import { readSince } from "./since.ts";
import { type Cell, formatTable } from "./table.ts";
import { nothingCalled } from "./unknown_provider.ts";
import type { Voice } from "./voice.ts";

const DEFAULT_LINES = 50;
const PAGE = 500;

const options = {
  lines: { summary: `How many; ${DEFAULT_LINES} unless given`, value: "N", short: "n" },
  follow: { summary: "Go on with what is written, until Ctrl-C", short: "f" },
  raw: { summary: "The entries as they are in the file: one JSON object a line" },
  provider: { summary: "Only this provider", value: "PROVIDER" },
  connection: { summary: "Only connections of this name", value: "NAME" },
  event: { summary: "Only this event", value: "EVENT", choices: Object.keys(AUDIT_EVENTS) },
  run: { summary: "Only this run: the id of its grant, or how it begins", value: "ID" },
  status: {
    summary: "Only this outcome",
    value: "STATUS",
    choices: ["success", "failure", "denied"],
  },
  since: { summary: "Not older than this: 30m, 12h, 7d, or a date", value: "WHEN" },
} as const;

/** The command. */
export const log: Command<typeof options> = {
  name: "log",
  description: "Show what was decided and done: logins, exports, runs and what they used, " +
    "refusals. It holds no secrets.",
  positionals: [],
  options,
  examples: [
    { line: "authsome log -n 20", says: "the last 20 entries" },
    { line: "authsome log --event use --since 1d", says: "what runs did since yesterday" },
    { line: "authsome log -f --provider github", says: "and what comes, of one provider" },
    { line: "authsome log verify", says: "check that nothing was changed" },
  ],

  async run({ options }, { voice, openClient, settings }) {
    const count = options.lines === undefined
      ? DEFAULT_LINES
      : readCount(options.lines, ["show", "entries"]);
    if (options.follow && voice.json) {
      throw new UsageError("Cannot follow the log with --json: it would never end");
    }
    const filter = readFilter(options);
    const client = await openClient();
    const entries = (await readLast(client, filter, count)).reverse();
    const show = options.raw ? showRaw : showTable;
    voice.result({ entries }, () => entries.length === 0 ? "" : show(entries, voice));
    if (entries.length === 0) voice.note(await whyNone(client, options.provider));
    if (!options.follow) return;
    const from = entries.at(-1)?.seq ?? await headOf(client);
    const { followAudit } = await importLater<typeof import("./follow_audit.ts")>(
      "cli/follow_audit.ts",
    );
    const away = () => voice.note("The daemon has stopped; waiting for it");
    await untilInterrupted(async (signal) => {
      for await (const fresh of followAudit(client, settings, { filter, from, away, signal })) {
        voice.raw(`${options.raw ? showRaw(fresh) : fresh.map(showLine).join("\n")}\n`);
        if (voice.isClosed) return;
      }
    });
  },
};

function readFilter(
  { provider, connection, event, run, status, since }: {
    readonly [K in "provider" | "connection" | "event" | "run" | "status" | "since"]:
      | string
      | undefined;
  },
): AuditFilter {
  for (const [option, name] of Object.entries({ provider, connection })) {
    if (name !== undefined && !isName(name)) {
      throw new UsageError(`Cannot use --${option}: ${JSON.stringify(name)} is no name`, {
        hint: "Names are lower-case letters, digits, dot, dash and underscore, at most 64",
      });
    }
  }
  const id = run === undefined || run.startsWith("grant_") ? run : `grant_${run}`;
  if (id !== undefined && !/^grant_[0-9a-f]{0,24}$/.test(id)) {
    throw new UsageError(`Cannot use --run: ${JSON.stringify(run)} is not how a run's id begins`, {
      hint: "For example: --run grant_0a1b, as authsome log shows it",
    });
  }
  const from = since === undefined ? undefined : readSince(since, new Date()).toISOString();
  return {
    provider,
    connection,
    event,
    run: id,
    status: status as AuditFilter["status"],
    from,
  };
}

/** The newest `count` entries, newest first. */
async function readLast(
  client: DaemonClient,
  filter: AuditFilter,
  count: number,
): Promise<AuditLine[]> {
  const entries: AuditLine[] = [];
  let cursor: string | undefined;
  do {
    const limit = Math.min(count - entries.length, PAGE);
    const page = await client.auditEvents({ ...filter, limit, cursor });
    entries.push(...page.entries);
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined && entries.length < count);
  return entries;
}

/** Of a provider that was removed there may be entries: only where there are none it is looked up. */
async function whyNone(client: DaemonClient, provider: string | undefined): Promise<string> {
  if (provider !== undefined) {
    const { bundled, custom } = await client.listProviders();
    const names = [...custom, ...bundled].map(({ name }) => name);
    if (!names.includes(provider)) return nothingCalled(provider, names);
  }
  return "No audit entries found.";
}

async function headOf(client: DaemonClient): Promise<number> {
  return (await client.auditEvents({ limit: 1 })).entries[0]?.seq ?? 0;
}

function showRaw(entries: readonly AuditLine[]): string {
  return entries.map((entry) => JSON.stringify(entry)).join("\n");
}

function showTable(entries: readonly AuditLine[], voice: Voice): string {
  const head = ["Time", "Event", "Connection", "Who", "Status", "Details"];
  return formatTable({ head, rows: entries.map(cells), whole: [0] }, voice.columns, voice.paint);
}

/** What comes is not known yet, so columns cannot be fitted to it. */
function showLine(entry: AuditLine): string {
  return cells(entry).map(({ text }) => plainLine(text)).join("  ");
}

function cells(entry: AuditLine): Cell[] {
  const { timestamp, event, provider, connection, status } = entry;
  const target = provider ? connection ? `${provider}/${connection}` : provider : "–";
  return [
    { text: timestamp.slice(0, 19).replace("T", " ") },
    { text: event },
    { text: target },
    { text: entry.run ? `run ${entry.run.slice(6, 14)}` : entry.identity ?? "daemon" },
    { text: status, tone: status === "success" ? undefined : "red" },
    { text: showDetails(entry.details ?? {}) },
  ];
}

/** The facts of an entry in a few words; signatures and the like are for `--raw`. */
function showDetails(details: Readonly<Record<string, unknown>>): string {
  const { method, host, count, statuses, key: _key, signature: _signature, ...others } = details;
  const answers = typeof statuses === "object" && statuses !== null
    ? Object.entries(statuses).map(([kind, n]) => `${kind} ×${n}`).join(" ")
    : count === undefined || count === 1
    ? ""
    : `×${count}`;
  const facts = Object.entries(others)
    .filter(([name, value]) => name !== "minute" && !isEmpty(value))
    .map(([name, value]) => `${WORDS[name] ?? name.replaceAll("_", " ")} ${showValue(value)}`);
  return [method, host, answers, ...facts].filter((part) => part !== undefined && part !== "")
    .join(" ");
}

/** What the fields of the file are called for a person. */
const WORDS: Readonly<Record<string, string>> = { did: "key", label: "command" };

function showValue(value: unknown): string {
  if (Array.isArray(value)) return value.map(showValue).join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function isEmpty(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length === 0;
  return value === null || value === "";
}
