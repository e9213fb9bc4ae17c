/**
 * `authsome get`: one connection, its secrets masked unless asked for.
 *
 * @module
 */
import type { ConnectionDetail, RefreshStatus } from "../core/api.ts";
import { InvalidInputError } from "../core/errors.ts";
import { REDACTED } from "../core/secret.ts";
import type { Command } from "./command.ts";
import { CONNECTION_OPTION, findConnection, readConnection } from "./connection_argument.ts";
import { formatFacts } from "./table.ts";

const options = {
  connection: CONNECTION_OPTION,
  field: { summary: "Print this one value and nothing else", value: "FIELD" },
  "show-secret": { summary: "Print secrets in clear; this is noted in the audit log" },
} as const;

/** The command. */
export const get: Command<typeof options> = {
  name: "get",
  description: "Show one connection. Secrets are masked unless --show-secret is given.",
  positionals: [{ name: "PROVIDER" }],
  options,
  examples: [
    { line: "authsome get github", says: "the default connection" },
    { line: "authsome get github/work --field expires_at", says: "one value of a named one" },
  ],

  async run({ positionals, options }, { openClient, voice }) {
    const named = readConnection(positionals[0]!, options.connection);
    const client = await openClient();
    const ref = await findConnection(client, named);
    const detail = await client.getConnection(ref, { showSecrets: options["show-secret"] });
    const fields = fieldsOf(detail);
    if (options.field === undefined) {
      voice.result(fields, () =>
        formatFacts(
          Object.entries(fields).filter(([, value]) => showValue(value) !== "").map((
            [name, value],
          ) => [name, showValue(value)]),
          voice.paint,
        ));
      return;
    }
    const { field } = options;
    if (!Object.hasOwn(fields, field)) {
      throw new InvalidInputError(`Cannot show ${field}: the connection has no such field`, {
        hint: `Fields: ${Object.keys(fields).join(", ")}`,
      });
    }
    if (fields[field] === REDACTED) {
      // The contract says "redacted unless asked"; a script must be able to see why.
      voice.warning(
        `${field} is a secret and is not shown`,
        "Add --show-secret; it is noted in the audit log",
      );
    }
    voice.result({ [field]: fields[field] }, () => showValue(fields[field]) || "\n", {
      exact: true,
    });
  },
};

/**
 * The record as one level of fields; the several secrets of a provider, and what is known of its
 * refreshes, stand beside the others.
 */
function fieldsOf(detail: ConnectionDetail): Record<string, unknown> {
  const { schema_version: _version, credentials, refresh, ...fields } = detail;
  return { ...fields, ...credentials, ...refreshFields(refresh) };
}

/** All of them null for a key, which is not refreshed. */
function refreshFields(refresh: RefreshStatus | null): Record<string, unknown> {
  return {
    last_refresh_at: refresh?.last_refresh_at ?? null,
    last_refresh_error: refresh?.last_refresh_error ?? null,
    last_refresh_failure_at: refresh?.last_failure_at ?? null,
    next_refresh_attempt_at: refresh?.next_attempt_at ?? null,
  };
}

function showValue(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.join(" ");
  if (typeof value !== "object") return String(value);
  const parts = Object.entries(value).filter(([, part]) => part !== null);
  return parts.length === 0 ? "" : JSON.stringify(Object.fromEntries(parts));
}
