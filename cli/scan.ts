/**
 * `authsome scan`: credentials that lie about in files and in the environment, against the vault.
 *
 * @module
 */
import type { DaemonClient } from "../client/daemon_client.ts";
import { AuthsomeError, UsageError } from "../core/errors.ts";
import { isName, type ProviderDefinition } from "../core/provider.ts";
import type { Tone } from "./color.ts";
import type { Command } from "./command.ts";
import { canAsk, confirm } from "./prompt.ts";
import { type DriftRow, type DriftStatus, findDrift } from "./scan/drift.ts";
import { readEnvironment } from "./scan/environment.ts";
import type { FoundCredential } from "./scan/found_credential.ts";
import { importFound } from "./scan/import_found.ts";
import { matchVariables } from "./scan/match_variables.ts";
import { readToolFiles } from "./scan/tool_files.ts";
import { type Cell, formatTable } from "./table.ts";
import type { Voice } from "./voice.ts";

const options = {
  import: { summary: "Put what is found into the vault, after asking" },
  yes: { summary: "With --import: do not ask" },
  connection: { summary: "Compare with and import into this connection", value: "NAME" },
  all: { summary: "Show providers, too, of which nothing is found anywhere" },
} as const;

/** A row, and what an import made of it. */
interface ScanRow extends DriftRow {
  readonly action: "imported" | "skipped_unchanged" | "skipped_incomplete" | "failed" | null;
  readonly message: string | null;
}

/** The command. */
export const scan: Command<typeof options> = {
  name: "scan",
  description:
    "Look for credentials in the .env files of this directory, in the environment, and in files where " +
    "other tools keep theirs, and compare them with the vault. Values are never printed.",
  positionals: [],
  options,
  examples: [
    { line: "authsome scan", says: "what lies where, and whether it is the same" },
    { line: "authsome scan --import", says: "asks, then puts it into the vault" },
    { line: "authsome scan --import --yes --json", says: "the same in a script" },
  ],

  async run({ options }, { openClient, voice }) {
    const { connection } = options;
    if (connection !== undefined && !isName(connection)) {
      throw new UsageError(`Cannot call a connection ${JSON.stringify(connection)}`, {
        hint: "Use up to 64 lower-case letters, digits, dots, underscores and hyphens",
      });
    }
    if (options.yes && !options.import) {
      throw new UsageError("Cannot use --yes: it goes with --import");
    }
    voice.status("Scanning…");
    const client = await openClient();
    const { definitions, found, files, problems } = await look(client);
    const { connections } = await client.listConnections();
    const rows = await findDrift(client, { definitions, found, connections, connection });
    voice.status(null);
    for (const problem of problems) voice.warning(problem);

    const wanted = options.import ? toImport(rows) : [];
    if (wanted.length > 0 && !options.yes) await askFirst(voice, wanted);
    const results = options.import
      ? await importAll(client, rows, wanted, connection, voice)
      : rows.map((row): ScanRow => ({ ...row, action: null, message: null }));
    tell(voice, results, { ...options, files });
    return results.some(({ action }) => action === "failed") ? 1 : 0;
  },
};

interface Sight {
  readonly definitions: readonly ProviderDefinition[];
  readonly found: readonly FoundCredential[];
  readonly files: readonly string[];
  readonly problems: readonly string[];
}

/** Reads every place there is. */
async function look(client: DaemonClient): Promise<Sight> {
  const { bundled, custom } = await client.listProviders();
  const overridden = new Set(custom.map(({ name }) => name));
  const definitions = [...custom, ...bundled.filter(({ name }) => !overridden.has(name))];
  const environment = await readEnvironment(Deno.cwd(), Deno.env.toObject());
  const fromVariables = definitions.map((one) => matchVariables(one, environment.variables))
    .filter((one) => one !== null);
  const home = Deno.env.get("HOME") ?? Deno.env.get("USERPROFILE") ?? "";
  const tools = await readToolFiles(definitions, { home, read: (name) => Deno.env.get(name) });
  return {
    definitions,
    found: [...fromVariables, ...tools.found],
    files: environment.files,
    problems: [...environment.problems, ...tools.problems],
  };
}

/** What an import takes: one place per provider, variables before tools' files. */
function toImport(rows: readonly DriftRow[]): DriftRow[] {
  const taken = new Set<string>();
  return rows.filter(({ provider, found, importable, status }) => {
    if (found === null || !importable || taken.has(provider)) return false;
    taken.add(provider);
    return status !== "env_and_authsome_match";
  });
}

async function askFirst(voice: Voice, wanted: readonly DriftRow[]): Promise<void> {
  if (!canAsk()) {
    throw new UsageError("Cannot import: nobody can be asked here", {
      hint: "Look at authsome scan, then add --yes",
    });
  }
  for (const { provider, connection, found, status } of wanted) {
    const replaced = status === "env_and_authsome_different"
      ? `, in place of what ${provider}/${connection} has`
      : "";
    voice.instruct(`  ${provider}: ${placeOf(found)}${replaced}`);
  }
  const count = wanted.length === 1 ? "this credential" : `these ${wanted.length} credentials`;
  if (!await confirm(voice, `Import ${count}?`, true)) {
    throw new UsageError("Cannot import: you said no", { hint: "Nothing was changed" });
  }
}

async function importAll(
  client: DaemonClient,
  rows: readonly DriftRow[],
  wanted: readonly DriftRow[],
  connection: string | undefined,
  voice: Voice,
): Promise<ScanRow[]> {
  const results: ScanRow[] = [];
  for (const row of rows) {
    if (!wanted.includes(row) || row.found === null) {
      results.push({ ...row, action: skipped(row), message: null });
      continue;
    }
    voice.status(`Importing ${row.provider}…`);
    try {
      const done = await importFound(client, row.found, connection);
      for (const warning of done.warnings) voice.warning(`${row.provider}: ${warning}`);
      results.push({ ...row, connection: done.connection, action: "imported", message: null });
    } catch (error) {
      if (!(error instanceof AuthsomeError)) throw error;
      voice.warning(error.message, error.hint);
      results.push({ ...row, action: "failed", message: error.message });
    }
  }
  voice.status(null);
  return results;
}

function skipped({ found, status, lacking }: DriftRow): ScanRow["action"] {
  if (found === null) return null;
  if (status === "env_and_authsome_match") return "skipped_unchanged";
  return lacking.length > 0 ? "skipped_incomplete" : null;
}

interface Telling {
  readonly import: boolean;
  readonly connection: string | undefined;
  readonly all: boolean;
  readonly files: readonly string[];
}

function tell(voice: Voice, rows: readonly ScanRow[], telling: Telling): void {
  const shown = rows.filter(({ status }) =>
    telling.all || (status !== "both_missing" && status !== "no_env_mapping")
  );
  const imported = rows.filter(({ action }) => action === "imported").length;
  voice.result({
    connection: telling.connection ?? null,
    import: telling.import,
    files: telling.files,
    configured_count: new Set(rows.filter(({ found }) => found !== null).map((row) => row.provider))
      .size,
    imported_count: imported,
    results: shown.map(showRow),
  }, () => {
    if (shown.length === 0) return "Nothing is found: neither here nor in the vault";
    return formatTable(
      {
        head: ["Provider", "Found in", "Vault"],
        rows: shown.map((row) => [
          { text: row.connection === null ? row.provider : `${row.provider}/${row.connection}` },
          { text: placeOf(row.found) || "–" },
          stateOf(row),
        ]),
      },
      voice.columns,
      voice.paint,
    );
  });
  const open = toImport(rows).length;
  if (!telling.import && open > 0) voice.note("Next: authsome scan --import");
  if (imported > 0) {
    voice.note(
      "The values are still where they were found: remove them there, and use authsome run",
    );
  }
}

/** A row for `--json`: places and states, no value. */
function showRow(row: ScanRow): Record<string, unknown> {
  const fields = Object.entries(row.found?.fields ?? {});
  const first = fields[0]?.[1];
  return {
    provider: row.provider,
    connection: row.connection,
    status: row.status,
    env_var: first?.env_var ?? null,
    source: first?.source ?? null,
    tool: row.found?.tool ?? null,
    fields: fields.map(([name, { env_var, source }]) => ({ name, env_var, source })),
    importable: row.importable,
    lacking: row.lacking,
    action: row.action,
    message: row.message,
  };
}

/** `OPENAI_API_KEY in .env`, `~/.netrc (netrc)`. */
function placeOf(found: FoundCredential | null): string {
  if (found === null) return "";
  const places = Object.values(found.fields).map(({ env_var, source }) => ({ env_var, source }));
  const sources = [...new Set(places.map(({ source }) => source))];
  if (found.tool !== null) return `${sources.join(", ")} (${found.tool})`;
  return sources.map((source) => {
    const names = places.filter((place) => place.source === source).map(({ env_var }) => env_var);
    return `${names.join(", ")} in ${source === "environment" ? "the environment" : source}`;
  }).join("; ");
}

const STATES: Readonly<Record<DriftStatus, readonly [text: string, tone?: Tone]>> = {
  env_and_authsome_match: ["the same", "green"],
  env_and_authsome_different: ["another value", "yellow"],
  env_only: ["not there", "yellow"],
  authsome_only: ["only in the vault"],
  both_missing: ["not there"],
  no_env_mapping: ["not there; it has no variable"],
  no_env_mapping_authsome_present: ["there; it has no variable"],
};

function stateOf({ status, action, found, lacking, importable }: ScanRow): Cell {
  if (action === "imported") return { text: "imported", tone: "green" };
  if (action === "failed") return { text: "could not be imported", tone: "red" };
  const [text, tone] = STATES[status];
  const isNew = found !== null && status !== "env_and_authsome_match";
  const why = !isNew || importable
    ? ""
    : lacking.length > 0
    ? `; lacks ${lacking.join(", ")}`
    : "; a token to log in for, not a key";
  return { text: `${text}${why}`, tone };
}
