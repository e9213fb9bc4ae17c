import { equal, match } from "node:assert/strict";
import type { DaemonClient } from "../../client/daemon_client.ts";
import { list } from "../../cli/list.ts";
import { Voice } from "../../cli/voice.ts";
import type { ConnectionItem, ConnectionListQuery } from "../../core/api.ts";
import { readSettings } from "../../core/config.ts";

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
    }));
    const counts = { default_connection: "account-0", connection_count: CONNECTIONS };
    return Promise.resolve({ connections: [{ name: "acme", ...counts, connections }] });
  },
} as unknown as DaemonClient;

interface Listing {
  readonly isTerminal: boolean;
  readonly json?: boolean;
  readonly all?: boolean;
  readonly word?: string;
}

/** What `list` writes to stdout. */
async function listed({ isTerminal, json = false, all = false, word }: Listing): Promise<string> {
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
  await list.run({ options: { all }, positionals: word === undefined ? [] : [word], rest: [] }, {
    settings: readSettings((name) => name === "AUTHSOME_HOME" ? "/nowhere" : undefined),
    voice,
    log: { write: () => {} },
    openClient: () => Promise.resolve(CLIENT),
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
