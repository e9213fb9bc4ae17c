/**
 * The text inside a backup, and back. Everything is checked when it is read: what is restored must be
 * what this version could have written.
 *
 * @module
 */
import { z } from "@zod/zod";
import { InvalidInputError } from "../../core/errors.ts";
import { FLOWS, isName } from "../../core/provider.ts";
import { parseProvider } from "../../core/provider_schema.ts";
import { Secret } from "../../core/secret.ts";
import type { ProviderClient } from "../../core/provider_client.ts";
import type { BackupContent, HomelessConnection } from "./backup_content.ts";
import type { ConnectionState } from "./connection_state.ts";
import { readSealedJson, writeSealedJson } from "./sealed_json.ts";

/** JSON of a backup; holds every secret of it. */
export function encodeBackup(content: BackupContent): string {
  return writeSealedJson(content);
}

/**
 * The backup that {@linkcode encodeBackup} wrote.
 *
 * @throws {InvalidInputError} naming what cannot be read, without its value.
 */
export function decodeBackup(text: string): BackupContent {
  const { definitions, ...content } = parse(text);
  const { connections, defaults, states, clients } = content;
  const refs = connections.map((one) => `${one.provider}/${one.connection_name}`);
  checkEachOnce("connection", refs);
  checkEachOnce("default", defaults.map(({ provider }) => provider));
  checkEachOnce("state", states.map(showRef));
  checkEachOnce("client", clients.map(({ provider }) => provider));
  checkEachOnce("definition", definitions.map(({ name }) => name));
  const known = new Set(refs);
  const lost = [...defaults, ...states].map(showRef).find((ref) => !known.has(ref));
  if (lost !== undefined) throw unreadable(`${lost} is not among its connections`);
  return {
    ...content,
    // The file is the owner's own and sealed: its word on private hosts counts.
    definitions: definitions.map((definition) =>
      parseProvider(definition, { allowPrivate: "as_stated" })
    ),
  };
}

function parse(text: string): z.infer<typeof backup> {
  let data: unknown;
  try {
    data = readSealedJson(text);
  } catch {
    throw unreadable("it is not JSON"); // the parser's own message would quote it
  }
  const result = backup.safeParse(data);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  // Numbers and names of fields; a name that is itself data is not repeated.
  const place = path.slice(0, 3).map((part) => /^[\w$]{1,40}$/.test(String(part)) ? part : "…");
  throw unreadable(`${place.join(".")}: ${message}`);
}

const name = z.string().refine(isName, { message: "is no name" });
const text = z.string();
const secret = z.instanceof(Secret);
const texts = z.array(text).nullable();

// Declared with the types of what is kept: a field that is added there and forgotten here does not
// compile.
const connection: z.ZodType<HomelessConnection> = z.strictObject({
  schema_version: z.literal(2),
  provider: name,
  connection_name: name,
  identity: text,
  auth_type: z.enum(["oauth2", "api_key"]),
  flow: z.enum(FLOWS as [typeof FLOWS[number], ...typeof FLOWS[number][]]),
  status: z.enum(["connected", "expired", "revoked", "invalid", "needs_reauth"]),
  base_url: text.nullable(),
  api_url: text.nullable(),
  scopes: texts,
  secrets: z.record(text, secret),
  token_type: text.nullable(),
  expires_at: z.date().nullable(),
  obtained_at: z.date(),
  account: z.strictObject({ id: text.nullable(), label: text.nullable() }),
  metadata: z.record(text, z.unknown()),
});

const client: z.ZodType<ProviderClient> = z.strictObject({
  client_id: text,
  client_secret: secret.nullable(),
  token_endpoint_auth_method: z.enum(["client_secret_post", "client_secret_basic", "none"])
    .nullable(),
  base_url: text.nullable(),
  scopes: texts,
  redirect_uri: text.nullable(),
  registration_client_uri: text.nullable(),
  registration_access_token: secret.nullable(),
});

const state: z.ZodType<ConnectionState> = z.strictObject({
  last_refresh_at: z.date().nullable(),
  last_refresh_error: text.nullable(),
  last_failure_at: z.date().nullable(),
});

const backup = z.strictObject({
  created_at: z.date(),
  version: text,
  connections: z.array(connection),
  defaults: z.array(z.strictObject({ provider: name, connection: name, since: z.date() })),
  states: z.array(z.strictObject({ provider: name, connection: name, state })),
  clients: z.array(z.strictObject({ provider: name, client })),
  definitions: z.array(z.looseObject({ name })),
});

function showRef({ provider, connection }: {
  readonly provider: string;
  readonly connection: string;
}): string {
  return `${provider}/${connection}`;
}

function checkEachOnce(what: string, names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) throw unreadable(`it holds the ${what} ${name} twice`);
    seen.add(name);
  }
}

function unreadable(state: string): InvalidInputError {
  return new InvalidInputError(`Cannot read the backup: ${state}`, {
    hint: "It opened with the passphrase, but this version did not write it",
  });
}
