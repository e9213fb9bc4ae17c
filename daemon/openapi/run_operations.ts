/**
 * Operations of a run: its routing table, its stream of changes, its grant.
 *
 * @module
 */
import type { ConfirmAnswer, GrantItem, ProxyRoutes } from "../../core/api.ts";
import { confirmRequest, createGrantRequest, renewGrantRequest } from "../../core/api_schema.ts";
import { confirmAnswer, createdGrantItem, grantItem, proxyRoutes } from "./answer_schema.ts";
import type { AnswerContent, Operation } from "./operation.ts";
import { grantId } from "./parameters.ts";

const run_did = "did:key:z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH";

const routesExample: ProxyRoutes = {
  routes: [{
    provider: "acme",
    connection: "default",
    host: "api.acme.test",
    port: null,
    path: "",
    api_url: "api.acme.test",
    rule: 0,
    default_since: "2026-03-01T12:00:00.000Z",
    auth_endpoints: [],
    auth_endpoint_paths: [],
    allow_private: false,
    allow_plain: false,
  }],
  environment: [{
    name: "ACME_API_KEY",
    provider: "acme",
    connection: "default",
    field: "api_key",
    pattern: null,
    value: null,
  }],
  known_hosts: ["api.acme.test"],
  revision: 1,
};

const grant: AnswerContent = {
  status: 200,
  type: "application/json",
  description: "The grant",
  name: "Grant",
  schema: grantItem,
  example: {
    id: grantId.example,
    run_did,
    label: "agent",
    only: [{ provider: "acme", connection: null }],
    connections: {},
    created_at: "2026-03-01T12:00:00.000Z",
    expires_at: "2026-03-01T13:00:00.000Z",
    ended_at: null,
  },
};

const createdGrant: AnswerContent = {
  ...grant,
  description: "The grant, and the run's routing table",
  name: "CreatedGrant",
  schema: createdGrantItem,
  example: { ...grant.example as GrantItem, proxy: routesExample },
};

/** Routes and events. */
export const PROXY_OPERATIONS: readonly Operation[] = [
  {
    id: "proxyRoutes",
    method: "GET",
    path: "/proxy/routes",
    tag: "Proxy",
    summary: "Where credentials go: hosts, paths, variables",
    caller: "owner_or_run",
    parameters: [{
      name: "scope",
      in: "query",
      description: "`configured` adds providers that nobody is logged in to; owners only",
      schema: { type: "string", enum: ["connected", "configured"] },
      example: "connected",
    }],
    answer: {
      status: 200,
      type: "application/json",
      description: "The routing table",
      name: "ProxyRoutes",
      schema: proxyRoutes,
      example: routesExample,
    },
    errors: ["provider_not_found"],
  },
  {
    id: "proxyEvents",
    method: "GET",
    path: "/proxy/events",
    tag: "Proxy",
    summary: "Changes as they happen (server-sent events)",
    description: '`change` with `{"revision":N}` at once and whenever routes or credentials ' +
      "change, `ended` when the grant has ended or the profile was removed. A comment comes every " +
      "15 seconds; a stream that breaks means that nothing that was read before is sure. With " +
      '`confirm` some events hold `"confirm":true`: the owner who made the change is answered ' +
      "when they are confirmed.",
    caller: "owner_or_run",
    parameters: [{
      name: "confirm",
      in: "query",
      description: "`true` by who remembers answers, confirms the events that ask for it, and " +
        "leaves the stream after `ended`",
      schema: { type: "string", enum: ["true", "false"] },
      example: "true",
    }],
    answer: {
      status: 200,
      type: "text/event-stream",
      description: "The stream; it has no end of its own",
      example: 'event: change\ndata: {"revision":1}\n\n',
    },
    errors: [],
  },
  {
    id: "confirmChanges",
    method: "POST",
    path: "/proxy/events/confirm",
    tag: "Proxy",
    summary: "Says that nothing from before an event is used any more",
    description:
      "For events of `GET /proxy/events` that hold `confirm`: of several the last one's " +
      "revision. An owner's change is answered when all who read the stream have confirmed it, " +
      "and after a quarter of a second in any case.",
    caller: "owner_or_run",
    request: {
      type: "application/json",
      name: "ConfirmRequest",
      schema: confirmRequest,
      example: { revision: 1767268800001 },
    },
    answer: {
      status: 200,
      type: "application/json",
      description: "It is known",
      name: "ConfirmAnswer",
      schema: confirmAnswer,
      example: { status: "ok" } satisfies ConfirmAnswer,
    },
    errors: [],
  },
];

/** Create, get, renew, end. */
export const GRANT_OPERATIONS: readonly Operation[] = [
  {
    id: "createGrant",
    method: "POST",
    path: "/grants",
    tag: "Grants",
    summary: "Lets the key of a run use connections for a while",
    description: "The run signs with its own key: `iss` is `run_did`, `sub` the id of the grant.",
    caller: "owner",
    request: {
      type: "application/json",
      name: "CreateGrantRequest",
      schema: createGrantRequest,
      example: {
        run_did,
        only: [{ provider: "acme", connection: null }],
        label: "agent",
        expires_in: 3600,
      },
    },
    answer: createdGrant,
    errors: ["connection_not_found", "provider_not_found"],
  },
  {
    id: "getGrant",
    method: "GET",
    path: "/grants/{id}",
    tag: "Grants",
    summary: "A grant; for a run its own, as self",
    caller: "owner_or_run",
    parameters: [grantId],
    answer: grant,
    errors: [],
  },
  {
    id: "renewGrant",
    method: "POST",
    path: "/grants/{id}/renew",
    tag: "Grants",
    summary: "Lets a grant last so many seconds from now",
    caller: "owner",
    parameters: [grantId],
    request: {
      type: "application/json",
      name: "RenewGrantRequest",
      schema: renewGrantRequest,
      example: { expires_in: 3600 },
    },
    answer: grant,
    errors: [],
  },
  {
    id: "endGrant",
    method: "DELETE",
    path: "/grants/{id}",
    tag: "Grants",
    summary: "Ends a grant; for a run its own, as self",
    caller: "owner_or_run",
    parameters: [grantId],
    answer: {
      ...grant,
      example: { ...grant.example as object, ended_at: "2026-03-01T12:30:00.000Z" },
    },
    errors: [],
  },
];
