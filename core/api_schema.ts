/**
 * What the daemon accepts and answers over HTTP, as zod schemas declared with the types of `api.ts`,
 * so that a schema and its interface cannot drift apart without failing to compile.
 *
 * Requests are strict: a field nobody knows is refused with its path, because a mistyped option
 * that is silently ignored is worse than an error.
 *
 * @module
 */
import { z } from "@zod/zod";
import type {
  AuditQuery,
  BackupRequest,
  CompareRequest,
  ConfirmRequest,
  CreateGrantRequest,
  CreateMcpSessionRequest,
  CreateSessionRequest,
  ExportRequest,
  RegisterIdentityRequest,
  RegisterProviderRequest,
  ResolveRequest,
  RestoreRequest,
  ResumeSessionRequest,
  RotateKeysRequest,
  UsageReport,
  VerifyBackupRequest,
} from "./api.ts";
import { FLOWS, isName, NAME_PATTERN } from "./provider.ts";
import type { GrantScope } from "./grant.ts";
import type { AcceptClaimRequest, CreateClaimRequest } from "./identity_claim.ts";
import { InvalidRequestError, type Issue } from "./errors.ts";

const name = z.string().refine(isName, {
  message: `must match ${NAME_PATTERN.source} and hold no ".."`,
}).meta({ pattern: NAME_PATTERN.source, description: 'Holds no ".."' });
const text = z.string().max(4096);
const flow = z.enum(FLOWS as [typeof FLOWS[number], ...typeof FLOWS[number][]]);

/** Handle of an identity: `^[a-z0-9][a-z0-9-]*[a-z0-9]$`, as the reference implementation has it. */
export const HANDLE_PATTERN = /^[a-z0-9][a-z0-9-]{0,98}[a-z0-9]$/;

/** `POST /identities/register`. */
export const registerIdentityRequest: z.ZodType<RegisterIdentityRequest> = z.strictObject({
  handle: z.string().regex(HANDLE_PATTERN),
  did: z.string().startsWith("did:key:z").max(80),
  registration_token: z.string().min(1).max(200),
});

/** `POST /identities/claims`. */
export const createClaimRequest: z.ZodType<CreateClaimRequest> = z.strictObject({
  handle: z.string().regex(HANDLE_PATTERN),
  did: z.string().startsWith("did:key:z").max(80),
});

const sessionId = z.string().regex(/^sess_[0-9a-f]{32}$/);

/** `POST /auth/sessions`. */
export const createSessionRequest: z.ZodType<CreateSessionRequest> = z.strictObject({
  provider: text.min(1),
  connection: name.optional(),
  flow: flow.nullish(),
  scopes: z.array(z.string().min(1).max(1000)).max(200).nullish(),
  base_url: text.nullish(),
  force: z.boolean().optional(),
  purpose: z.enum(["login", "scan"]).optional(),
  session_id: sessionId.optional(),
});

/** `POST /auth/sessions` with the address of an MCP server. */
export const createMcpSessionRequest: z.ZodType<CreateMcpSessionRequest> = z.strictObject({
  mcp_url: z.string().min(1).max(2000),
  name: name.optional(),
  allow_private: z.boolean().optional(),
  connection: name.optional(),
  flow: flow.nullish(),
  scopes: z.array(z.string().min(1).max(1000)).max(200).nullish(),
  force: z.boolean().optional(),
  session_id: sessionId.optional(),
});

/** `POST /auth/sessions/{id}/resume`. */
export const resumeSessionRequest: z.ZodType<ResumeSessionRequest> = z.strictObject({
  data: z.record(z.string().max(100), z.string().max(64 * 1024)),
});

/** `POST /credentials/export`. */
export const exportRequest: z.ZodType<ExportRequest> = z.strictObject({
  provider: text.min(1).nullish(),
  connection: name.nullish(),
  format: z.enum(["env", "shell", "json"]).optional(),
});

/** `POST /credentials/compare`. */
export const compareRequest: z.ZodType<CompareRequest> = z.strictObject({
  provider: text.min(1),
  connection: name.nullish(),
  values: z.record(z.string().min(1).max(100), z.string().min(1).max(65_536)).refine(
    (values) => Object.keys(values).length <= 20,
    { message: "must have at most 20 entries" },
  ),
});

/** `POST /credentials/resolve`. */
export const resolveRequest: z.ZodType<ResolveRequest> = z.strictObject({
  host: z.string().min(1).max(255).optional(),
  port: z.number().int().min(1).max(65_535).optional(),
  path: z.string().max(64 * 1024).optional(),
  method: z.string().max(40).optional(),
  provider: text.min(1).optional(),
  connection: z.string().max(64).nullish(),
  rejected_at: z.iso.datetime({ offset: true }).optional(),
}).refine((request) => request.host !== undefined || request.provider !== undefined, {
  message: "either host or provider is needed",
});

const grantScope: z.ZodType<GrantScope> = z.strictObject({
  provider: name,
  connection: name.nullable(),
});

/** `POST /grants`. */
export const createGrantRequest: z.ZodType<CreateGrantRequest> = z.strictObject({
  run_did: z.string().startsWith("did:key:z").max(80),
  only: z.array(grantScope).max(1000).nullish(),
  connections: z.record(name, name).optional(),
  label: z.string().max(200).optional(),
  expires_in: z.number().int().min(1).max(86_400).optional(),
});

/** `POST /identities/claims/{code}/accept`. */
export const acceptClaimRequest: z.ZodType<AcceptClaimRequest> = z.strictObject({
  only: z.array(grantScope).min(1).max(1000).nullish(),
});

/** `POST /grants/{id}/renew`. */
export const renewGrantRequest: z.ZodType<{ readonly expires_in: number }> = z.strictObject({
  expires_in: z.number().int().min(1).max(86_400),
});

/** `POST /providers`, in the form with options. */
export const registerProviderRequest: z.ZodType<RegisterProviderRequest> = z.strictObject({
  definition: z.unknown().refine((value) => value !== undefined, { message: "is missing" }),
  force: z.boolean().optional(),
  allow_private: z.boolean().optional(),
}) as z.ZodType<RegisterProviderRequest>;

/** Query of `GET /connections/{provider}/{connection}`. */
export const connectionQuery: z.ZodType<
  { readonly show_secrets?: "true" | "false" | undefined }
> = z.strictObject({ show_secrets: z.enum(["true", "false"]).optional() });

/** Query of `GET /proxy/routes`. */
export const routesQuery: z.ZodType<
  { readonly scope?: "connected" | "configured" | undefined }
> = z.strictObject({ scope: z.enum(["connected", "configured"]).optional() });

/** Query of `GET /proxy/events`. */
export const eventsQuery: z.ZodType<
  { readonly confirm?: "true" | "false" | undefined }
> = z.strictObject({ confirm: z.enum(["true", "false"]).optional() });

/** `POST /proxy/events/confirm`. */
export const confirmRequest: z.ZodType<ConfirmRequest> = z.strictObject({
  revision: z.number().int().nonnegative(),
});

/** Query of `GET /audit/events`. */
export const auditQuery: z.ZodType<AuditQuery> = z.strictObject({
  event: z.string().regex(/^[a-z_]{1,40}$/).optional(),
  provider: name.optional(),
  connection: name.optional(),
  identity: z.string().max(100).optional(),
  run: z.string().regex(/^grant_[0-9a-f]{0,24}$/).optional(),
  status: z.enum(["success", "failure", "denied"]).optional(),
  from: z.iso.datetime({ offset: true }).optional(),
  to: z.iso.datetime({ offset: true }).optional(),
  limit: z.coerce.number().int().min(1).max(500).optional(),
  cursor: z.string().regex(/^[1-9]\d{0,15}$/).optional(),
}) as z.ZodType<AuditQuery>;

/** Entries of one usage report; the proxy sends the rest with the next one. */
export const MAX_USAGE_ENTRIES = 200;

const count = z.number().int().min(1).max(1_000_000_000);
const minute = z.iso.datetime().max(30);
/** A host as the proxy read it from CONNECT: nothing that could hold a path, a query or a user. */
const host = z.string().regex(/^[A-Za-z0-9._:*[\]-]{1,253}$/);

/** `POST /proxy/usage`. */
export const usageReport: z.ZodType<UsageReport> = z.strictObject({
  uses: z.array(z.strictObject({
    provider: name,
    connection: name,
    host,
    method: z.string().regex(/^[A-Z]{1,20}$/),
    minute,
    statuses: z.strictObject({
      "1xx": count.optional(),
      "2xx": count.optional(),
      "3xx": count.optional(),
      "4xx": count.optional(),
      "5xx": count.optional(),
      none: count.optional(),
    }),
  })).max(MAX_USAGE_ENTRIES),
  denials: z.array(z.strictObject({
    host,
    reason: z.string().regex(/^[A-Za-z]{1,60}$/),
    minute,
    count,
  })).max(MAX_USAGE_ENTRIES),
}) as z.ZodType<UsageReport>;

/** Not empty; how long it must be is said where one is chosen. */
const passphrase = z.string().min(1).max(1024);
const base64 = z.string().min(1).regex(/^[A-Za-z0-9+/]*={0,2}$/, { message: "must be base64" });

/** `POST /keys/rotate`. */
export const rotateKeysRequest: z.ZodType<RotateKeysRequest> = z.strictObject({
  new_key: z.string().min(1).max(4096).optional(),
});

/** `POST /backup`. */
export const backupRequest: z.ZodType<BackupRequest> = z.strictObject({
  passphrase,
  partial: z.boolean().optional(),
});

/** `POST /backup/verify`. */
export const verifyBackupRequest: z.ZodType<VerifyBackupRequest> = z.strictObject({
  backup: base64,
  passphrase,
});

/** `POST /backup/restore`. */
export const restoreRequest: z.ZodType<RestoreRequest> = z.strictObject({
  backup: base64,
  passphrase,
  force: z.boolean().optional(),
  revision: z.number().int().nonnegative().optional(),
});

/** Problems listed; a hostile body could have one for every few of its bytes. */
const MAX_ISSUES = 20;

/**
 * `value` as the schema's type.
 *
 * @throws {InvalidRequestError} with an issue for each place that does not fit.
 */
export function parseRequest<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.flatMap(toIssues).slice(0, MAX_ISSUES);
  const first = issues[0];
  const where = first === undefined ? "it does not fit" : `${first.path || what} ${first.message}`;
  throw new InvalidRequestError(`Cannot read the ${what}: ${where}`, { issues });
}

function toIssues(issue: z.core.$ZodIssue): Issue[] {
  const path = issue.path.map(String);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      path: [...path, key].join("."),
      message: "is not a known field",
    }));
  }
  return [{ path: path.join("."), message: issue.message }];
}
