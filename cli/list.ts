/**
 * `authsome list`: providers, and what you are logged in to.
 *
 * @module
 */
import type { ConnectionItem, ConnectionList, ProviderName, ProviderNames } from "../core/api.ts";
import { UsageError } from "../core/errors.ts";
import type { Command } from "./command.ts";
import { readCount } from "./read_count.ts";
import { describeExpiry } from "./relative_time.ts";
import { type Cell, formatTable } from "./table.ts";
import { nothingCalled } from "./unknown_provider.ts";
import { wrapText } from "./wrap_text.ts";

const options = {
  all: { summary: "Every row, also the providers you are not logged in to" },
  limit: {
    summary: "At most N connections; 100 on a terminal, all of them in a pipe",
    value: "N",
    short: "n",
  },
} as const;

/** Connections that a person who did not ask for more is shown. */
const DEFAULT_LIMIT = 100;

/** A provider and its connections. */
interface Listed {
  readonly provider: ProviderName;
  /** How many there are; the daemon was perhaps asked for fewer of them. */
  readonly connection_count: number;
  readonly connections: readonly ConnectionItem[];
}

/** The command. */
export const list: Command<typeof options> = {
  name: "list",
  description:
    "List what you are logged in to, and the providers there are. WORD narrows it to names and " +
    "categories that hold the word.",
  positionals: [{ name: "WORD", optional: true }],
  options,
  examples: [
    { line: "authsome list", says: "what is connected" },
    { line: "authsome list mail", says: "providers that have to do with mail" },
    { line: "authsome list --all", says: "every provider" },
    {
      line: "authsome list -n 20 --json",
      says: "every provider, connected ones first, with 20 connections in all",
    },
  ],

  async run({ positionals, options }, { openClient, voice }) {
    const word = positionals[0]?.toLowerCase();
    const limit = readLimit(options.limit, options.all);
    // Into a pipe everything goes, for grep; a person would lose what is connected among 370 rows.
    const isCut = limit !== null || !(options.all || word !== undefined || !voice.isRead);
    const most = limit ?? (isCut && !voice.json ? DEFAULT_LIMIT : Infinity);
    const client = await openClient();
    const [providers, connections] = await Promise.all([
      client.listProviderNames(),
      // What a word leaves out does not count against the limit.
      client.listConnections(most === Infinity || word !== undefined ? {} : { limit: most }),
    ]);
    const all = join(providers, connections);
    const found = all.filter(({ provider }) => isAbout(provider, word));
    const listed = keepFirst(found, most);
    const connected = listed.filter(({ connection_count }) => connection_count > 0);
    voice.result(wireForm(listed), () => {
      const now = new Date();
      const shown = isCut ? connected.filter(({ connections }) => connections.length > 0) : listed;
      const rows = shown.flatMap((item) => tableRows(item, now));
      const unshown = connected.reduce((count, item) => count + unshownOf(item), 0);
      const table = rows.length === 0 ? [] : [formatTable(
        {
          head: ["Provider", "Source", "Auth", "Connection", "Status", "Expires"],
          rows,
          // What is typed next are the names.
          spare: [1, 2],
        },
        voice.columns,
        voice.paint,
      )];
      const total = `Providers: ${listed.length} total, ${connected.length} connected`;
      const count = wrapText(total, voice.columns);
      const about = isCut ? [hintFor(connected.length, unshown, voice.columns)] : [];
      return (voice.quiet ? table : [count, ...table, ...about]).join("\n\n");
    });
    if (word !== undefined && found.length === 0) {
      voice.note(nothingCalled(word, all.map(({ provider }) => provider.name)));
    }
  },
};

/** @throws {UsageError} for a number that is none, and for one beside --all. */
function readLimit(text: string | undefined, all: boolean): number | null {
  if (text === undefined) return null;
  const limit = readCount(text, ["list", "connections"]);
  if (all) throw new UsageError("Cannot use both --all and --limit: they contradict each other");
  return limit;
}

/** Those whose connections are shown first, then other connected ones, each by name. */
function join(providers: ProviderNames, { connections: entries }: ConnectionList): Listed[] {
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  const defined: readonly ProviderName[] = [...providers.custom, ...providers.bundled];
  const names = new Set(defined.map(({ name }) => name));
  // A definition that was deleted by hand leaves its connections behind: they are there all the same.
  const lost = entries.filter(({ name }) => !names.has(name)).map(({ name, connections }) => ({
    name,
    display_name: name,
    auth_type: connections[0]?.auth_type ?? "api_key",
    source: "custom" as const,
  }));
  return [...defined, ...lost]
    .map((provider) => {
      const { connection_count = 0, connections = [] } = byName.get(provider.name) ?? {};
      return { provider, connection_count, connections };
    })
    .sort((a, b) =>
      Number(b.connections.length > 0) - Number(a.connections.length > 0) ||
      Number(b.connection_count > 0) - Number(a.connection_count > 0) ||
      (a.provider.name < b.provider.name ? -1 : 1)
    );
}

/** The first connections, over all providers; every provider stays, with its count. */
function keepFirst(listed: readonly Listed[], most: number): readonly Listed[] {
  let room = most;
  return listed.map((item) => {
    const connections = item.connections.slice(0, room);
    room -= connections.length;
    return { ...item, connections };
  });
}

function unshownOf({ connection_count, connections }: Listed): number {
  return connection_count - connections.length;
}

function isAbout({ name, display_name, category }: ProviderName, word: string | undefined) {
  return word === undefined ||
    [name, display_name, category ?? ""].some((text) => text.toLowerCase().includes(word));
}

function wireForm(listed: readonly Listed[]): object {
  const items = (source: string) =>
    listed.filter(({ provider }) => provider.source === source).map((
      { provider, connection_count, connections },
    ) => ({
      name: provider.name,
      display_name: provider.display_name,
      category: provider.category ?? null,
      auth_type: provider.auth_type,
      source,
      connection_count,
      connections,
    }));
  return { bundled: items("bundled"), custom: items("custom") };
}

function tableRows({ provider, connections }: Listed, now: Date): (readonly Cell[])[] {
  const name: Cell = { text: `${provider.display_name} [${provider.name}]` };
  const source: Cell = { text: provider.source, tone: "dim" };
  const auth: Cell = { text: provider.auth_type, tone: "dim" };
  if (connections.length === 0) {
    return [[
      name,
      source,
      auth,
      { text: "-", tone: "dim" },
      { text: "not_connected", tone: "dim" },
      { text: "-", tone: "dim" },
    ]];
  }
  // Thousands of rows may stand here: what says the same is the same cell, and laid out once.
  return connections.map((connection) => {
    const { auth_type, connection_name, is_default, expires_at } = connection;
    return [
      name,
      source,
      auth_type === provider.auth_type ? auth : { text: auth_type, tone: "dim" },
      { text: `${connection_name}${is_default ? " (default)" : ""}`, tone: "cyan" },
      statusCell(connection),
      expires_at === null
        ? NEVER
        : { text: describeExpiry(new Date(expires_at), now), tone: "yellow" },
    ];
  });
}

const NEVER: Cell = { text: "-", tone: "yellow" };
const CONNECTED: Cell = { text: "connected", tone: "green" };
const REFRESH_FAILS: Cell = { text: "refresh fails", tone: "yellow" };

/** A login that works until its token expires is said to be that. */
function statusCell({ status, refresh_error }: ConnectionItem): Cell {
  if (status !== "connected") return { text: status, tone: "red" };
  return refresh_error === null ? CONNECTED : REFRESH_FAILS;
}

/** The sentence breaks where the terminal is narrow; the commands stay whole, to be copied. */
function hintFor(connected: number, unshown: number, columns: number | null): string {
  if (connected === 0) {
    return `${
      wrapText("Nothing is connected yet.", columns)
    }\n  authsome login openai    log in\n` +
      "  authsome list --all      every name";
  }
  const more = unshown === 0 ? "" : `… and ${unshown} more.\n`;
  return `${more}  authsome list --all    every name\n  authsome list WORD     search`;
}
