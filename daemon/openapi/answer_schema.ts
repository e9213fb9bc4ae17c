/**
 * What the daemon answers, as zod schemas declared with the types of `core/api.ts`: the answers of
 * the OpenAPI document. Only the document and the tests read them; an answer is not checked against
 * them before it is sent, its type is enough for that.
 *
 * @module
 */
import { z } from "@zod/zod";
import type {
  CheckedConnection,
  CompareResult,
  ConfirmAnswer,
  ConnectionChange,
  ConnectionDetail,
  ConnectionList,
  CreatedGrant,
  DashboardLink,
  ExportResult,
  GrantItem,
  Health,
  IdentityList,
  InputField,
  ProxyRoutes,
  Readiness,
  RegisteredIdentity,
  ResolvedCredential,
  RevokeResult,
  Session,
  WhoAmI,
} from "../../core/api.ts";
import type { Account } from "../../core/connection.ts";
import type { ErrorEnvelope } from "../../core/errors.ts";
import type { FilledInjection } from "../../core/injection.ts";
import type { ClaimList, IdentityClaim, RemovedIdentity } from "../../core/identity_claim.ts";
import { FLOWS } from "../../core/provider.ts";

const text = z.string();
const time = z.iso.datetime().describe("RFC 3339, UTC");
const texts = z.array(text);
const flow = z.enum(FLOWS as [typeof FLOWS[number], ...typeof FLOWS[number][]]);
const authType = z.enum(["oauth2", "api_key"]);
const status = z.enum(["connected", "expired", "revoked", "invalid", "needs_reauth"]);
/** Whose credential it is, as far as the provider said. */
export const account: z.ZodType<Account> = z.strictObject({
  id: text.nullable(),
  label: text.nullable(),
});

/** The body of every error answer. */
export const errorEnvelope: z.ZodType<ErrorEnvelope> = z.strictObject({
  error: text.describe("Class name of the error; switch on it"),
  message: text.describe("What could not be done, and why"),
  provider: text.exactOptional(),
  connection: text.exactOptional(),
  operation: text.exactOptional(),
  hint: text.exactOptional().describe("The next thing to do, usually a command"),
  issues: z.array(z.strictObject({
    path: text.describe("Dotted path into the input, empty for the whole of it"),
    message: text,
  })).exactOptional(),
});

/** `GET /health`. */
export const health: z.ZodType<Health> = z.strictObject({
  status: z.literal("ok"),
  version: text,
  egress: z.enum(["ok", "down"]).describe("Whether the daemon can reach its egress relay"),
});

/** `POST /ui/session`. */
export const dashboardLink: z.ZodType<DashboardLink> = z.strictObject({
  url: text.describe("Opens the dashboard in the browser that follows it first"),
  expires_at: time,
});

const claim = z.strictObject({
  code: text.describe("What the owner types; works once"),
  handle: text,
  did: text,
  status: z.enum(["pending", "accepted", "refused", "expired"]),
  created_at: time,
  expires_at: time,
});

/** A claim. */
export const identityClaim: z.ZodType<IdentityClaim> = claim;

/** `GET /identities/claims`. */
export const claimList: z.ZodType<ClaimList> = z.strictObject({ claims: z.array(claim) });

/** `DELETE /identities/{handle}`. */
export const removedIdentity: z.ZodType<RemovedIdentity> = z.strictObject({
  status: z.literal("removed"),
  handle: text,
  runs_ended: z.int(),
});

const check = text.describe("ok, or a short code of what is wrong");

/** `GET /ready`. */
export const readiness: z.ZodType<Readiness> = z.strictObject({
  status: z.enum(["ok", "degraded", "unhealthy"]),
  checks: z.strictObject({
    config: check,
    schema: check,
    vault: check,
    providers: check,
    identity: check,
    connections: check,
    integrity: check,
    confinement: check,
    egress: check,
  }),
  warnings: texts.describe("Worth knowing; nothing is broken"),
  issues: texts.describe("Broken; the status is unhealthy"),
  findings: z.array(z.strictObject({
    check: z.enum([
      "config",
      "schema",
      "vault",
      "providers",
      "identity",
      "connections",
      "integrity",
      "confinement",
      "egress",
    ]),
    severity: z.enum(["broken", "warning"]),
    problem: text,
    mend: text.describe("The command that mends it, or what a person has to do"),
  })).describe("The same problems one by one"),
});

/** `POST /connections/{provider}/{connection}/check`. */
export const checkedConnection: z.ZodType<CheckedConnection> = z.strictObject({
  provider: text,
  connection: text,
  outcome: z.enum(["works", "refused", "unreachable", "unsure", "untried"]),
  host: text.nullable().describe("Where it was asked; null when nobody was"),
  http_status: z.int().nullable(),
  problem: text.nullable(),
  mend: text.nullable(),
  clock_ahead_seconds: z.int().nullable().describe(
    "How far this machine's clock is ahead of the provider's; null when it did not say",
  ),
});

/** `GET /whoami`. */
export const whoAmI: z.ZodType<WhoAmI> = z.strictObject({
  home: text,
  version: text,
  encryption: z.strictObject({ mode: text, source: text, status: z.enum(["ok", "error"]) }),
  profile: text,
  identity: text,
  did: text,
  registration_status: text,
  principal_id: text,
  vault_id: text,
  daemon_url: text,
});

/** `POST /identities/register`. */
export const registeredIdentity: z.ZodType<RegisteredIdentity> = z.strictObject({
  status: z.literal("registered"),
  identity: text,
  did: text,
  registration_status: z.literal("claimed"),
  principal_id: text,
  vault_id: text,
});

/** `GET /identities`. */
export const identityList: z.ZodType<IdentityList> = z.strictObject({
  identities: z.array(
    z.strictObject({
      handle: text,
      did: text,
      status: text,
      created_at: time,
      access: z.enum(["owner", "run"]).describe(
        "`run`: let in from another machine, to run programs",
      ),
      only: z.array(z.strictObject({ provider: text, connection: text.nullable() })).nullable()
        .describe("What its runs may use at most; null: every connection"),
    }),
  ),
});

/** One value that a login asks for. */
export const inputField: z.ZodType<InputField> = z.strictObject({
  name: text,
  label: text,
  secret: z.boolean(),
  required: z.boolean(),
  default: text.exactOptional(),
  pattern: text.exactOptional(),
  pattern_hint: text.exactOptional(),
  pattern_certain: z.boolean().exactOptional().describe("A mismatch refuses the value"),
  env: texts.exactOptional().describe("Variables that usually hold this value"),
});

/** A login session. */
export const session: z.ZodType<Session> = z.strictObject({
  id: text,
  provider: text,
  connection: text,
  flow,
  status: z.enum([
    "pending",
    "waiting_for_user",
    "processing",
    "completed",
    "failed",
    "expired",
    "cancelled",
  ]),
  message: text.nullable(),
  error: text.nullable(),
  created_at: time,
  expires_at: time,
  next_action: z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("none") }),
    z.strictObject({ type: z.literal("open_url"), url: z.url() }),
  ]),
  input_fields: z.array(inputField),
  user_code: text.nullable(),
  verification_uri: text.nullable(),
  verification_uri_complete: text.nullable(),
  requested_scopes: texts.nullable(),
  granted_scopes: texts.nullable(),
  warnings: texts,
});

/** `GET /connections`. */
export const connectionList: z.ZodType<ConnectionList> = z.strictObject({
  connections: z.array(z.strictObject({
    name: text.describe("The provider"),
    default_connection: text.nullable(),
    connection_count: z.number().int().describe("How many there are, also those `limit` left out"),
    connections: z.array(z.strictObject({
      connection_name: text,
      is_default: z.boolean(),
      auth_type: authType,
      status,
      scopes: texts.nullable(),
      base_url: text.nullable(),
      api_url: text.nullable(),
      expires_at: time.nullable(),
      account,
      refresh_error: text.nullable(),
    })),
  })),
});

/** `GET /connections/{provider}/{connection}`. */
export const connectionDetail: z.ZodType<ConnectionDetail> = z.strictObject({
  schema_version: z.literal(2),
  provider: text,
  connection_name: text,
  is_default: z.boolean(),
  identity: text,
  principal_id: text,
  vault_id: text,
  auth_type: authType,
  flow,
  status,
  base_url: text.nullable(),
  api_url: text.nullable(),
  scopes: texts.nullable(),
  access_token: text.nullable(),
  refresh_token: text.nullable(),
  api_key: text.nullable(),
  credentials: z.record(text, text),
  token_type: text.nullable(),
  expires_at: time.nullable(),
  obtained_at: time,
  account,
  metadata: z.record(text, z.unknown()),
  refresh: z.strictObject({
    last_refresh_at: time.nullable(),
    last_refresh_error: text.nullable(),
    last_failure_at: time.nullable(),
    failures: z.int(),
    next_attempt_at: time.nullable(),
  }).nullable(),
});

/** Logout, and setting a default. */
export const connectionChange: z.ZodType<ConnectionChange> = z.strictObject({
  status: z.literal("ok"),
  provider: text,
  default_connection: text.nullable().describe("The provider's default connection afterwards"),
});

/** `POST /connections/{provider}/revoke`. */
export const revokeResult: z.ZodType<RevokeResult> = z.strictObject({
  status: z.literal("ok"),
  provider: text,
  connections: z.int().min(0).describe("Connections removed here"),
  outcomes: z.array(z.strictObject({
    connection: text,
    token: text,
    outcome: z.enum(["revoked", "refused", "unreachable", "not_supported"]),
    detail: text.nullable(),
  })),
});

/** `POST /credentials/export`. */
export const exportResult: z.ZodType<ExportResult> = z.strictObject({
  output: text.describe("Ready to print, in the format asked for"),
  credentials: z.record(text, text),
  skipped: texts.describe("Connections left out, each with the reason"),
});

/** `POST /credentials/compare`. */
export const compareResult: z.ZodType<CompareResult> = z.strictObject({
  provider: text,
  connection: text.nullable().describe("null when there is none to compare with"),
  fields: z.record(text, z.enum(["same", "different", "missing"])),
});

/** What is to be done to a request. */
export const filledInjection: z.ZodType<FilledInjection> = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("header"),
    name: text,
    value: text,
    only_if_absent: z.boolean().exactOptional(),
  }),
  z.strictObject({ type: z.literal("basic"), username: text, password: text }),
  z.strictObject({ type: z.literal("query"), name: text, value: text }),
  z.strictObject({
    type: z.literal("path"),
    pattern: text.describe("Literal path with {} where the value goes"),
    value: text,
  }),
  z.strictObject({
    type: z.literal("literal"),
    values: z.record(text, text).describe("What takes the place of each field's placeholder"),
  }),
]);

/** `POST /credentials/resolve`. */
export const resolvedCredential: z.ZodType<ResolvedCredential> = z.strictObject({
  provider: text,
  connection: text,
  injections: z.array(filledInjection).describe("What to do to the request, in order"),
  headers: z.record(text, text).describe(
    "Those of them that are headers, for who knows nothing else",
  ),
  obtained_at: time.describe(
    "When the connection got it; sent back as rejected_at when it is refused",
  ),
  expires_at: time.nullable(),
  refreshable: z.boolean().describe("Whether there may be another one when it is refused"),
  source: z.literal("local"),
});

/** `GET /proxy/routes`. */
export const proxyRoutes: z.ZodType<ProxyRoutes> = z.strictObject({
  routes: z.array(z.strictObject({
    provider: text,
    connection: text,
    host: text.describe("Exact host, *.suffix, or regex:…"),
    port: z.int().nullable().describe("The only one, where the definition names it"),
    path: text.describe("Path prefix, empty for all"),
    api_url: text,
    rule: z.int().min(0),
    default_since: time.nullable(),
    auth_endpoints: z.array(z.strictObject({ host: text, path: text })),
    auth_endpoint_paths: texts,
    allow_private: z.boolean(),
    allow_plain: z.boolean().describe("Over plain http, too"),
  })),
  environment: z.array(z.strictObject({
    name: text,
    provider: text,
    connection: text,
    field: text,
    pattern: text.nullable(),
    value: text.nullable().describe("Where it is no secret"),
  })),
  known_hosts: texts,
  revision: z.number().describe("Grows with every change"),
});

/** `POST /proxy/events/confirm`. */
export const confirmAnswer: z.ZodType<ConfirmAnswer> = z.strictObject({
  status: z.literal("ok"),
});

const grantFields = {
  id: text,
  run_did: text,
  label: text,
  only: z.array(z.strictObject({ provider: text, connection: text.nullable() })).nullable(),
  connections: z.record(text, text),
  created_at: time,
  expires_at: time,
  ended_at: time.nullable(),
};

/** A grant. */
export const grantItem: z.ZodType<GrantItem> = z.strictObject(grantFields);

/** `POST /grants`. */
export const createdGrantItem: z.ZodType<CreatedGrant> = z.strictObject({
  ...grantFields,
  proxy: proxyRoutes,
});
