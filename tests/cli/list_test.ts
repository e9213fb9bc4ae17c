import { deepEqual, equal, match, rejects } from "node:assert/strict";
import type { DaemonClient } from "../../client/daemon_client.ts";
import { list } from "../../cli/list.ts";
import { Voice } from "../../cli/voice.ts";
import type { ConnectionItem, ConnectionListQuery } from "../../core/api.ts";
import { readSettings } from "../../core/config.ts";
import { UsageError } from "../../core/errors.ts";

const CONNECTIONS = 250;

/** The daemon's answers for one provider with many connections. */
const CLIENT = {
  listProviders: () =>
    Promise.resolve({
      bundled: [{ name: "acme", display_name: "Acme", auth_type: "api_key", source: "bundled" }],
      custom: [],
    }),
  listConnections: ({ limit = CONNECTIONS }: ConnectionListQuery) => {
    const connections = Array.from({ length: limit }, (_, n): ConnectionItem => ({
      connection_name: `account-${n}`,
      is_default: n === 0,
      auth_type: "api_key",
      status: "connected",
      scopes: null,
      base_url: null,
      api_url: null,
      expires_at: null,
      account: { id: null, label: null },
      refresh_error: null,
    }));
    const counts = { default_connection: "account-0", connection_count: CONNECTIONS };
    return Promise.resolve({ connections: [{ name: "acme", ...counts, connections }] });
  },
} as unknown as DaemonClient;

/** The same after the definition's file was deleted by hand. */
const WITHOUT_DEFINITION = {
  ...CLIENT,
  listProviders: () => Promise.resolve({ bundled: [], custom: [] }),
} as unknown as DaemonClient;

interface Listing {
  /** Whether the provider has a definition; it has one unless said otherwise. */
  readonly isDefined?: boolean;
  readonly isTerminal: boolean;
  readonly json?: boolean;
  readonly all?: boolean;
  readonly limit?: string;
  readonly word?: string;
}

/** What `list` writes to stdout. */
async function listed(
  { isDefined = true, isTerminal, json = false, all = false, limit, word }: Listing,
): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  const stdout = {
    writeSync: (bytes: Uint8Array) => {
      text += decoder.decode(bytes, { stream: true });
      return bytes.length;
    },
    isTerminal: () => isTerminal,
  };
  const color = { stdout: false, stderr: false };
  // Standard error stays the terminal when standard output goes into a pipe.
  const voice = new Voice({
    json,
    quiet: false,
    stdout,
    stderr: stdout,
    color,
    columns: () => 100,
  });
  await list.run({
    options: { all, limit },
    positionals: word === undefined ? [] : [word],
    rest: [],
  }, {
    settings: readSettings((name) => name === "AUTHSOME_HOME" ? "/nowhere" : undefined),
    voice,
    log: { write: () => {} },
    openClient: () => Promise.resolve(isDefined ? CLIENT : WITHOUT_DEFINITION),
  });
  return text;
}

function countRows(text: string): number {
  return text.match(/account-\d+/g)?.length ?? 0;
}

Deno.test("list shows a person a hundred rows, and says how many more there are", async () => {
  const text = await listed({ isTerminal: true });

  equal(countRows(text), 100);
  match(text, /… and 150 more\.\n {2}authsome list --all/);
});

for (
  const [name, listing] of [
    ["with --all", { isTerminal: true, all: true }],
    ["with a word", { isTerminal: true, word: "acme" }],
    ["into a pipe, standard error being a terminal", { isTerminal: false }],
    ["with --json", { isTerminal: true, json: true }],
  ] as const
) {
  Deno.test(`list leaves nothing out ${name}`, async () => {
    equal(countRows(await listed(listing)), CONNECTIONS);
  });
}

for (const isTerminal of [true, false]) {
  Deno.test(`list --limit is kept ${isTerminal ? "on a terminal" : "in a pipe"}`, async () => {
    const text = await listed({ isTerminal, limit: "20" });

    equal(countRows(text), 20);
    match(text, /… and 230 more\./);
  });
}

Deno.test("list --limit with --json says how many there are", async () => {
  const { bundled: [acme] } = JSON.parse(
    await listed({ isTerminal: false, json: true, limit: "20" }),
  );

  deepEqual([acme.connections.length, acme.connection_count], [20, 250]);
});

Deno.test("what a word leaves out does not count against the limit", async () => {
  equal(countRows(await listed({ isTerminal: true, word: "acme", limit: "20" })), 20);
  equal(countRows(await listed({ isTerminal: true, word: "other", limit: "20" })), 0);
});

for (const limit of ["0", "-1", "many", "1e3", ""]) {
  Deno.test(`list --limit ${JSON.stringify(limit)} is refused`, async () => {
    await rejects(listed({ isTerminal: true, limit }), UsageError);
  });
}

Deno.test("list refuses --all beside --limit", async () => {
  await rejects(listed({ isTerminal: true, all: true, limit: "5" }), UsageError);
});

Deno.test("connections whose provider has no definition any more are listed", async () => {
  equal(countRows(await listed({ isDefined: false, isTerminal: false })), CONNECTIONS);
});
