import { deepEqual, doesNotMatch, equal, match, rejects } from "node:assert/strict";
import type { DaemonClient } from "../../client/daemon_client.ts";
import { list } from "../../cli/list.ts";
import { Voice } from "../../cli/voice.ts";
import type { ConnectionItem, ConnectionListQuery } from "../../core/api.ts";
import { readSettings } from "../../core/config.ts";
import { UsageError } from "../../core/errors.ts";

const CONNECTIONS = 250;

/** The daemon's answers for one provider with many connections. */
const CLIENT = {
  listProviderNames: () =>
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
  listProviderNames: () => Promise.resolve({ bundled: [], custom: [] }),
} as unknown as DaemonClient;

interface Listing {
  /** Whether the provider has a definition; it has one unless said otherwise. */
  readonly isDefined?: boolean;
  readonly isTerminal: boolean;
  readonly json?: boolean;
  readonly all?: boolean;
  readonly limit?: string;
  readonly word?: string;
  readonly columns?: number;
  /** Other answers of the daemon. */
  readonly client?: DaemonClient;
}

/** What `list` writes, to stdout and stderr. */
async function listed(
  { isDefined = true, isTerminal, json = false, all = false, limit, word, ...given }: Listing,
): Promise<string> {
  const { columns = 100, client = isDefined ? CLIENT : WITHOUT_DEFINITION } = given;
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
    columns: () => columns,
  });
  await list.run({
    options: { all, limit },
    positionals: word === undefined ? [] : [word],
    rest: [],
  }, {
    settings: readSettings((name) => name === "AUTHSOME_HOME" ? "/nowhere" : undefined),
    voice,
    log: { write: () => {}, record: () => {} },
    openClient: () => Promise.resolve(client),
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

for (const limit of ["0", "-1", "many", "1e3", "", "1000000"]) {
  Deno.test(`list --limit ${JSON.stringify(limit)} is refused, saying which numbers are taken`, async () => {
    const listing = listed({ isTerminal: true, limit });
    // Neither -n nor --limit: whichever was not typed would puzzle.
    const message = `Cannot list ${limit} connections: give a number from 1 to 999999`;
    await rejects(listing, new UsageError(message));
  });
}

Deno.test("list refuses --all beside --limit", async () => {
  await rejects(listed({ isTerminal: true, all: true, limit: "5" }), UsageError);
});

Deno.test("connections whose provider has no definition any more are listed", async () => {
  equal(countRows(await listed({ isDefined: false, isTerminal: false })), CONNECTIONS);
});

Deno.test("a word that matches nothing is answered with the nearest names", async () => {
  match(
    await listed({ isTerminal: true, word: "acne" }),
    /^Providers: 0 total, 0 connected\nNothing is called "acne"\. Did you mean acme\? Every name: authsome list --all\n$/,
  );
  doesNotMatch(await listed({ isTerminal: true, json: true, word: "acne" }), /Nothing/);
});

Deno.test("list in 20 columns breaks at words; what is to be copied stays whole", async () => {
  const lines = (await listed({ isTerminal: true, columns: 20 })).split("\n");

  deepEqual(lines.slice(0, 2), ["Providers: 1 total,", "1 connected"]);
  match(lines.join("\n"), /^ {2}authsome list --all {4}every name$/m);
});

Deno.test("list -n gives the first place to those whose connections it prints", async () => {
  const openai = { name: "openai", display_name: "O", auth_type: "api_key", source: "bundled" };
  const [acme] = (await CLIENT.listProviderNames()).bundled;
  const { connections: [entry] } = await CLIENT.listConnections({ limit: 1 });
  const client = {
    listProviderNames: () => Promise.resolve({ bundled: [acme, openai], custom: [] }),
    // The daemon took its connections from the other end.
    listConnections: () =>
      Promise.resolve({
        connections: [{ ...entry, name: "openai" }, { ...entry, connections: [] }],
      }),
  } as unknown as DaemonClient;

  const { bundled } = JSON.parse(
    await listed({ client, isTerminal: false, json: true, limit: "1" }),
  );

  deepEqual(bundled.map(({ name }: { name: string }) => name), ["openai", "acme"]);
});
