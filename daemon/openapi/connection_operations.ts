/**
 * Operations on connections, and on the credentials they hold.
 *
 * @module
 */
import { compareRequest, exportRequest, resolveRequest } from "../../core/api_schema.ts";
import type { ErrorCode } from "../../core/errors.ts";
import {
  checkedConnection,
  compareResult,
  connectionChange,
  connectionDetail,
  connectionList,
  exportResult,
  resolvedCredential,
  revokeResult,
} from "./answer_schema.ts";
import type { AnswerContent, Operation } from "./operation.ts";
import { connection, provider } from "./parameters.ts";

const changed: AnswerContent = {
  status: 200,
  type: "application/json",
  description: "It is done",
  name: "ConnectionChange",
  schema: connectionChange,
  example: { status: "ok", provider: "acme", default_connection: "default" },
};

/** No such provider or connection, or none that could be called so. */
const NO_CONNECTION: readonly ErrorCode[] = [
  "connection_not_found",
  "invalid_input",
  "provider_not_found",
];

/** A credential that is used may have to be refreshed first. */
const REFRESH_ERRORS: readonly ErrorCode[] = [
  "connection_not_found",
  "credential_missing",
  "endpoint_unreachable",
  "invalid_input",
  "provider_not_found",
  "reauthorization_required",
  "refresh_failed",
  "token_endpoint_error",
  "token_expired",
  "vault_conflict",
];

/** List, one, logout, default, revoke. */
export const CONNECTION_OPERATIONS: readonly Operation[] = [
  {
    id: "listConnections",
    method: "GET",
    path: "/connections",
    tag: "Connections",
    summary: "The connections of every provider that has any",
    caller: "owner",
    parameters: [{
      name: "provider",
      in: "query",
      description: "Only this provider's",
      schema: provider.schema,
      example: "acme",
    }, {
      name: "limit",
      in: "query",
      description:
        "At most so many connections, in the order of providers and names; 0: the counts",
      schema: { type: "integer", minimum: 0, maximum: 1_000_000 },
      example: "100",
    }],
    answer: {
      status: 200,
      type: "application/json",
      description: "By provider",
      name: "ConnectionList",
      schema: connectionList,
      example: {
        connections: [{
          name: "acme",
          default_connection: "default",
          connection_count: 1,
          connections: [{
            connection_name: "default",
            is_default: true,
            auth_type: "api_key",
            status: "connected",
            scopes: null,
            base_url: null,
            api_url: null,
            expires_at: null,
            account: { id: null, label: null },
            refresh_error: null,
          }],
        }],
      },
    },
    errors: ["invalid_request"],
  },
  {
    id: "getConnection",
    method: "GET",
    path: "/connections/{provider}/{connection}",
    tag: "Connections",
    summary: "One connection, its secrets masked",
    description: "A masked secret reads `***REDACTED***`.",
    caller: "owner",
    parameters: [provider, connection, {
      name: "show_secrets",
      in: "query",
      description: "`true` shows the secrets, which is audited",
      schema: { type: "string", enum: ["true", "false"] },
      example: "false",
    }],
    answer: {
      status: 200,
      type: "application/json",
      description: "The connection",
      name: "ConnectionDetail",
      schema: connectionDetail,
      example: {
        schema_version: 2,
        provider: "acme",
        connection_name: "default",
        is_default: true,
        identity: "calm-quietly-0001",
        principal_id: "principal_0a1b2c3d4e5f",
        vault_id: "vault_0a1b2c3d4e5f",
        auth_type: "api_key",
        flow: "api_key",
        status: "connected",
        base_url: null,
        api_url: null,
        scopes: null,
        access_token: null,
        refresh_token: null,
        api_key: "***REDACTED***",
        credentials: { api_key: "***REDACTED***" },
        token_type: null,
        expires_at: null,
        obtained_at: "2026-03-01T12:00:00.000Z",
        account: { id: null, label: null },
        metadata: {},
        refresh: null,
      },
    },
    errors: NO_CONNECTION,
  },
  {
    id: "checkConnection",
    method: "POST",
    path: "/connections/{provider}/{connection}/check",
    tag: "Connections",
    summary: "Asks the provider whether a connection works",
    description: "By the harmless call that the definition names (`check_url`, or the userinfo " +
      "endpoint where the credential belongs there). The daemon makes the call; a token that is " +
      "due is refreshed first.",
    caller: "owner",
    parameters: [provider, connection],
    answer: {
      status: 200,
      type: "application/json",
      description: "What came of it, also when it does not work",
      name: "CheckedConnection",
      schema: checkedConnection,
      example: {
        provider: "acme",
        connection: "default",
        outcome: "works",
        host: "api.acme.test",
        http_status: 200,
        problem: null,
        mend: null,
        clock_ahead_seconds: 0,
      },
    },
    errors: [...NO_CONNECTION, "vault_conflict"],
  },
  {
    id: "logOut",
    method: "POST",
    path: "/connections/{provider}/{connection}/logout",
    tag: "Connections",
    summary: "Forgets one connection here; the provider is not told",
    caller: "owner",
    parameters: [provider, connection],
    answer: { ...changed, example: { ...changed.example as object, default_connection: null } },
    errors: [...NO_CONNECTION, "vault_conflict"],
  },
  {
    id: "setDefault",
    method: "POST",
    path: "/connections/{provider}/{connection}/default",
    tag: "Connections",
    summary: "Makes a connection its provider's default",
    caller: "owner",
    parameters: [provider, connection],
    answer: changed,
    errors: [...NO_CONNECTION, "vault_conflict"],
  },
  {
    id: "revokeProvider",
    method: "POST",
    path: "/connections/{provider}/revoke",
    tag: "Connections",
    summary: "Revokes a provider's tokens there and forgets everything kept of it here",
    caller: "owner",
    parameters: [provider],
    answer: {
      status: 200,
      type: "application/json",
      description: "What the provider said, token by token",
      name: "RevokeResult",
      schema: revokeResult,
      example: {
        status: "ok",
        provider: "acme",
        connections: 1,
        outcomes: [{
          connection: "default",
          token: "api_key",
          outcome: "not_supported",
          detail: null,
        }],
      },
    },
    errors: [...NO_CONNECTION, "endpoint_unreachable", "vault_conflict"],
  },
];

/** Resolve, export, compare. */
export const CREDENTIAL_OPERATIONS: readonly Operation[] = [
  {
    id: "resolveCredential",
    method: "POST",
    path: "/credentials/resolve",
    tag: "Credentials",
    summary: "What is to be put on one request",
    description:
      "By `host`, `port` and `path`, or by `provider`; with both, the host must be one of the " +
      "connection's. An expired token is refreshed first; with `rejected_at` (the " +
      "`obtained_at` of one that the provider answered with 401) also one that looks fresh.",
    caller: "owner_or_run",
    request: {
      type: "application/json",
      name: "ResolveRequest",
      schema: resolveRequest,
      example: {
        provider: "acme",
        host: "api.acme.test",
        port: 443,
        path: "/v1/me",
        method: "GET",
      },
    },
    answer: {
      status: 200,
      type: "application/json",
      description: "The injections, with the secret in them",
      name: "ResolvedCredential",
      schema: resolvedCredential,
      example: {
        provider: "acme",
        connection: "default",
        injections: [
          { type: "header", name: "Authorization", value: "Bearer sk-0123456789abcdef" },
        ],
        headers: { Authorization: "Bearer sk-0123456789abcdef" },
        obtained_at: "2026-03-01T12:00:00.000Z",
        expires_at: null,
        refreshable: false,
        source: "local",
      },
    },
    errors: REFRESH_ERRORS,
  },
  {
    id: "exportCredentials",
    method: "POST",
    path: "/credentials/export",
    tag: "Credentials",
    summary: "Credentials as environment variables; audited",
    description: "Never a refresh token or a client secret. Without `provider`: all of them.",
    caller: "owner",
    request: {
      type: "application/json",
      name: "ExportRequest",
      schema: exportRequest,
      example: { provider: "acme", format: "env" },
    },
    answer: {
      status: 200,
      type: "application/json",
      description: "The variables",
      name: "ExportResult",
      schema: exportResult,
      example: {
        output: "ACME_API_KEY=sk-0123456789abcdef\n",
        credentials: { ACME_API_KEY: "sk-0123456789abcdef" },
        skipped: [],
      },
    },
    errors: REFRESH_ERRORS,
  },
  {
    id: "compareCredential",
    method: "POST",
    path: "/credentials/compare",
    tag: "Credentials",
    summary: "Whether values found elsewhere are the ones kept; audited",
    description: "For `authsome scan`: the kept values stay where they are.",
    caller: "owner",
    request: {
      type: "application/json",
      name: "CompareRequest",
      schema: compareRequest,
      example: { provider: "acme", values: { api_key: "sk-0123456789abcdef" } },
    },
    answer: {
      status: 200,
      type: "application/json",
      description: "Field by field",
      name: "CompareResult",
      schema: compareResult,
      example: { provider: "acme", connection: "default", fields: { api_key: "same" } },
    },
    errors: NO_CONNECTION,
  },
];
