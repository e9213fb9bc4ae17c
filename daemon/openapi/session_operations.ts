/**
 * Operations of a login: the session as programs use it, and the pages a person meets.
 *
 * @module
 */
import { z } from "@zod/zod";
import {
  createMcpSessionRequest,
  createSessionRequest,
  resumeSessionRequest,
} from "../../core/api_schema.ts";
import type { ErrorCode } from "../../core/errors.ts";
import { session } from "./answer_schema.ts";
import type { AnswerContent, Operation } from "./operation.ts";
import { sessionId } from "./parameters.ts";

const example = {
  id: sessionId.example,
  provider: "acme",
  connection: "default",
  flow: "api_key",
  status: "waiting_for_user",
  message: null,
  error: null,
  created_at: "2026-03-01T12:00:00.000Z",
  expires_at: "2026-03-01T12:15:00.000Z",
  next_action: {
    type: "open_url",
    url: `http://127.0.0.1:7998/api/auth/sessions/${sessionId.example}/input`,
  },
  input_fields: [{ name: "api_key", label: "API key", secret: true, required: true }],
  user_code: null,
  verification_uri: null,
  verification_uri_complete: null,
  requested_scopes: null,
  granted_scopes: null,
  warnings: [],
};

const answer: AnswerContent = {
  status: 200,
  type: "application/json",
  description: "The session as it stands",
  name: "Session",
  schema: session,
  example,
};

const page: AnswerContent = {
  status: 200,
  type: "text/html",
  description: "A page for the person",
};

const NO_SESSION: readonly ErrorCode[] = ["login_not_found", "login_expired"];

/** What a provider may answer when a login speaks to it. */
const PROVIDER_ERRORS: readonly ErrorCode[] = [
  "authorization_failed",
  "client_registration_failed",
  "credential_missing",
  "discovery_failed",
  "endpoint_unreachable",
  "invalid_input",
  "invalid_provider_definition",
  "invalid_request",
  "operation_not_allowed",
  "provider_exists",
  "provider_not_found",
  "token_endpoint_error",
  "unsupported_flow",
  "vault_conflict",
];

/** Create, get, resume, cancel. */
export const SESSION_OPERATIONS: readonly Operation[] = [
  {
    id: "createSession",
    method: "POST",
    path: "/auth/sessions",
    tag: "Logins",
    summary: "Begins a login",
    description:
      "Asks for `input_fields`, or says with `next_action` where the person has to go. " +
      "With `mcp_url` in place of `provider` a remote MCP server is registered and logged in to.",
    caller: "owner",
    request: {
      type: "application/json",
      name: "CreateSessionRequest",
      schema: z.union([createSessionRequest, createMcpSessionRequest]),
      example: { provider: "acme", connection: "default" },
    },
    answer,
    errors: [...PROVIDER_ERRORS, "connection_exists"],
  },
  {
    id: "getSession",
    method: "GET",
    path: "/auth/sessions/{id}",
    tag: "Logins",
    summary: "How a login stands",
    caller: "owner",
    parameters: [sessionId],
    answer,
    errors: NO_SESSION,
  },
  {
    id: "resumeSession",
    method: "POST",
    path: "/auth/sessions/{id}/resume",
    tag: "Logins",
    summary: "Gives a login the values it asks for",
    caller: "owner",
    parameters: [sessionId],
    request: {
      type: "application/json",
      name: "ResumeSessionRequest",
      schema: resumeSessionRequest,
      example: { data: { api_key: "sk-0123456789abcdef" } },
    },
    answer,
    errors: [...NO_SESSION, ...PROVIDER_ERRORS, "connection_exists", "input_cancelled"],
  },
  {
    id: "cancelSession",
    method: "DELETE",
    path: "/auth/sessions/{id}",
    tag: "Logins",
    summary: "Cancels a login",
    caller: "owner",
    parameters: [sessionId],
    answer: { ...answer, example: { ...example, status: "cancelled" } },
    errors: NO_SESSION,
  },
];

/** The pages; public, because their address cannot be guessed. */
export const LOGIN_PAGE_OPERATIONS: readonly Operation[] = [
  {
    id: "showInputPage",
    method: "GET",
    path: "/auth/sessions/{id}/input",
    tag: "Login pages",
    summary: "The form that asks for a key or an OAuth client",
    caller: "anyone",
    parameters: [sessionId],
    answer: page,
    errors: [...NO_SESSION, ...PROVIDER_ERRORS],
  },
  {
    id: "submitInputPage",
    method: "POST",
    path: "/auth/sessions/{id}/input",
    tag: "Login pages",
    summary: "Takes the form",
    description: "`form_token` is the hidden field of the page.",
    caller: "anyone",
    parameters: [sessionId],
    request: {
      type: "application/x-www-form-urlencoded",
      name: "InputForm",
      schema: z.record(z.string(), z.string()),
      example: {
        form_token: "0123456789abcdef0123456789abcdef",
        api_key: "sk-0123456789abcdef",
      },
    },
    answer: {
      ...page,
      description: "A page for the person; 303 where the login goes on elsewhere",
    },
    errors: [...NO_SESSION, ...PROVIDER_ERRORS, "connection_exists"],
  },
  {
    id: "showDevicePage",
    method: "GET",
    path: "/auth/sessions/{id}/device",
    tag: "Login pages",
    summary: "The code that the person types at the provider",
    caller: "anyone",
    parameters: [sessionId],
    answer: page,
    errors: [...NO_SESSION, ...PROVIDER_ERRORS],
  },
  {
    id: "oauthCallback",
    method: "GET",
    path: "/auth/callback/oauth",
    tag: "Login pages",
    summary: "Where a provider sends the browser back to (RFC 6749 section 4.1.2)",
    caller: "anyone",
    parameters: [
      {
        name: "state",
        in: "query",
        description: "Works once",
        schema: { type: "string" },
        example: "c3RhdGU",
      },
      {
        name: "code",
        in: "query",
        description: "The authorization code",
        schema: { type: "string" },
        example: "Y29kZQ",
      },
    ],
    answer: {
      ...page,
      description: "A page for the person; 303 where the login goes on elsewhere",
    },
    errors: [...NO_SESSION, ...PROVIDER_ERRORS],
  },
];
