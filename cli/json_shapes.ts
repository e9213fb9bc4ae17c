/**
 * What each command prints with `--json`: the fields behind `"v": 1`, as TypeScript types. Printed in
 * `docs/cli.md`; a test runs the commands and compares.
 *
 * @module
 */

/** A field's type by its name; null for a command that prints no object of its own. */
export type JsonShape = Readonly<Record<string, string>> | null;

const CONNECTION = "{ connection_name, is_default, auth_type, status, scopes, base_url, api_url, " +
  "expires_at, account: { id, label } }";
const LISTED =
  `{ name, display_name, category, auth_type, source, connection_count, connections: ${CONNECTION}[] }[]`;
const TEXT_OR_NULL = "string | null";
const BACKUP_FACTS = {
  created_at: "string",
  version: "string",
  providers: "Record<string, number>",
  connections: "number",
  clients: "string[]",
  definitions: "string[]",
} as const;

/** The shapes, by the command's full name. */
export const JSON_SHAPES: Readonly<Record<string, JsonShape>> = {
  init: {
    status: '"initialized"',
    home: "string",
    profile: "string",
    did: "string",
    registration_status: '"registered"',
    encryption: "{ mode: string, source: string, status: string }",
  },
  login: {
    status: '"success" | "started"',
    provider: "string",
    connection: "string",
    record_status: "string",
    message: TEXT_OR_NULL,
    session_id: "string",
    flow: "string",
    auth_url: TEXT_OR_NULL,
    user_code: TEXT_OR_NULL,
    verification_uri: TEXT_OR_NULL,
    verification_uri_complete: TEXT_OR_NULL,
    expires_at: "string",
    scopes: "string[] | null",
    warnings: "string[]",
  },
  doctor: {
    status: '"ok" | "degraded" | "unhealthy"',
    checks: "Record<string, string>",
    mends: "Record<string, string>",
    warnings: "string[]",
    issues: "string[]",
    findings: "{ check, severity, problem, mend }[]",
    live: "{ provider, connection, outcome, host, http_status, problem, mend, " +
      "clock_ahead_seconds }[] | null",
    runtimes: "{ name, outcome, problem, mend }[] | null",
  },
  ui: { url: "string", expires_at: "string", opened: "boolean" },
  run: null,
  export: { credentials: "Record<string, string>" },
  scan: {
    connection: TEXT_OR_NULL,
    import: "boolean",
    files: "string[]",
    configured_count: "number",
    imported_count: "number",
    results: "{ provider, connection, status, env_var, source, tool, fields: { name, env_var, " +
      "source }[], importable, lacking, action, message }[]",
  },
  get: {
    provider: "string",
    connection_name: "string",
    is_default: "boolean",
    identity: "string",
    principal_id: "string",
    vault_id: "string",
    auth_type: '"oauth2" | "api_key"',
    flow: "string",
    status: "string",
    base_url: TEXT_OR_NULL,
    api_url: TEXT_OR_NULL,
    scopes: "string[] | null",
    access_token: TEXT_OR_NULL,
    refresh_token: TEXT_OR_NULL,
    api_key: TEXT_OR_NULL,
    token_type: TEXT_OR_NULL,
    expires_at: TEXT_OR_NULL,
    obtained_at: "string",
    account: "{ id, label }",
    metadata: "object",
  },
  list: { bundled: LISTED, custom: LISTED },
  "set-default": { status: '"ok"', provider: "string", default_connection: "string" },
  logout: {
    status: '"logged_out"',
    provider: "string",
    connection: "string",
    default_connection: TEXT_OR_NULL,
  },
  revoke: {
    status: '"revoked"',
    provider: "string",
    connections: "number",
    outcomes: "{ connection, token, outcome, detail }[]",
  },
  inspect: { "…": "the definition's fields", source: "string", connections: `${CONNECTION}[]` },
  register: {
    status: '"registered" | "declined"',
    provider: "string",
    action: '"registered" | "replaced"',
    warnings: "string[]",
  },
  remove: {
    status: '"removed" | "declined"',
    provider: "string",
    action: '"removed" | "reset" | null',
  },
  whoami: {
    home: "string",
    version: "string",
    encryption: "{ mode: string, source: string, status: string }",
    profile: "string",
    identity: "string",
    did: "string",
    registration_status: "string",
    principal_id: "string",
    vault_id: "string",
    daemon_url: "string",
    authsome_version: "string",
    home_directory: "string",
    encryption_backend: "string",
    vault_status: '"OK" | "ERROR"',
    connected_providers_count: "number",
    connected_providers: "{ name, count, connections: string[] }[]",
  },
  log: { entries: "{ seq, timestamp, event, status, prev, … }[]" },
  "log verify": {
    ok: "boolean",
    files: "number",
    lines: "number",
    checkpoints: "number",
    signed_until: "number",
    head_seq: "number",
    fault: "{ file, line, seq, problem, message } | null",
  },
  backup: {
    status: '"written"',
    path: "string",
    bytes: "number",
    ...BACKUP_FACTS,
    warnings: "string[]",
  },
  "backup verify": { status: '"ok"', path: "string", ...BACKUP_FACTS },
  restore: {
    status: '"restored" | "declined"',
    path: "string",
    ...BACKUP_FACTS,
    replaced: "{ connections: number, clients: number, definitions: number } | null",
    kept: TEXT_OR_NULL,
  },
  "key rotate": {
    status: '"rotated"',
    source: "string",
    records: "number",
    key_id: "number",
    erased: "boolean",
  },
  "profile create": {
    status: '"created" | "exists"',
    home: "string",
    profile: "string",
    did: "string",
    registration_status: '"registered" | "local"',
    switched: "true",
  },
  "profile use": { status: '"active"', profile: "string", did: "string" },
  "profile list": { profiles: "{ profile, active, did, … }[]" },
  "daemon status": {
    running: "boolean",
    url: TEXT_OR_NULL,
    pid: "number | null",
    version: TEXT_OR_NULL,
    started_at: TEXT_OR_NULL,
    relay: "string | null",
    pid_file: "string",
    log_file: "string",
    problem: TEXT_OR_NULL,
  },
  "daemon start": { status: '"started" | "already_running"', url: "string" },
  "daemon stop": { status: '"stopped" | "not_running"' },
  "daemon restart": { status: '"restarted"', url: "string" },
  "daemon serve": null,
  "daemon logs": { log_file: "string", lines: "string[]" },
  completions: { shell: "string", script: "string" },
};
