/**
 * Operations about the daemon itself, and the identities it knows.
 *
 * @module
 */
import { registerIdentityRequest } from "../../core/api_schema.ts";
import {
  health,
  identityList,
  readiness,
  registeredIdentity,
  removedIdentity,
  whoAmI,
} from "./answer_schema.ts";
import { CLAIM_OPERATIONS, registeredExample } from "./claim_operations.ts";
import type { Operation } from "./operation.ts";
import { handle } from "./parameters.ts";

const did = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK";

/** Health, readiness, context; registering an identity, listing them. */
export const STATUS_OPERATIONS: readonly Operation[] = [
  {
    id: "health",
    method: "GET",
    path: "/health",
    tag: "Status",
    summary: "Whether the daemon lives",
    description: "With the header `x-authsome-challenge` (32 hex digits) it also proves which " +
      "daemon it is: `x-authsome-answer` is an HMAC under a key that only its own home holds.",
    caller: "anyone",
    parameters: [{
      name: "x-authsome-challenge",
      in: "header",
      description: "Random; never the same twice",
      schema: { type: "string", pattern: "^[0-9a-f]{32}$" },
      example: "5f2b8a1c9d3e4f60718293a4b5c6d7e8",
    }],
    answer: {
      status: 200,
      type: "application/json",
      description: "It lives",
      name: "Health",
      schema: health,
      headers: { "x-authsome-answer": "Hex, where it was challenged" },
      example: { status: "ok", version: "0.1.0", egress: "ok" },
    },
    errors: [],
  },
  {
    id: "ready",
    method: "GET",
    path: "/ready",
    tag: "Status",
    summary: "What works and what does not",
    caller: "owner",
    answer: {
      status: 200,
      type: "application/json",
      description: "Every check, also when some fail",
      name: "Readiness",
      schema: readiness,
      example: {
        status: "ok",
        checks: {
          config: "ok",
          schema: "ok",
          vault: "ok",
          providers: "ok",
          identity: "ok",
          connections: "ok",
          integrity: "ok",
          confinement: "ok",
          egress: "ok",
        },
        warnings: [],
        issues: [],
        findings: [],
      },
    },
    errors: [],
  },
  {
    id: "whoami",
    method: "GET",
    path: "/whoami",
    tag: "Status",
    summary: "The context: home, identity, vault, encryption",
    caller: "owner",
    answer: {
      status: 200,
      type: "application/json",
      description: "The context",
      name: "WhoAmI",
      schema: whoAmI,
      example: {
        home: "/home/person/.authsome",
        version: "0.1.0",
        encryption: { mode: "local_key", source: "key_file", status: "ok" },
        profile: "calm-quietly-0001",
        identity: "calm-quietly-0001",
        did,
        registration_status: "claimed",
        principal_id: "principal_0a1b2c3d4e5f",
        vault_id: "vault_0a1b2c3d4e5f",
        daemon_url: "http://127.0.0.1:7998",
      },
    },
    errors: [],
  },
  {
    id: "registerIdentity",
    method: "POST",
    path: "/identities/register",
    tag: "Identities",
    summary: "Makes the key that signs this request known to the daemon",
    description: "`iss` of the proof and `did` must be the same key, `sub` the handle. " +
      "`registration_token` is the content of `server/registration.token` in the home.",
    caller: "new_identity",
    request: {
      type: "application/json",
      name: "RegisterIdentityRequest",
      schema: registerIdentityRequest,
      example: {
        handle: "calm-quietly-0001",
        did,
        registration_token: "4f1d7c2a9b8e63050718293a4b5c6d7e",
      },
    },
    answer: {
      status: 200,
      type: "application/json",
      description: "It is known; also when it was before",
      name: "RegisteredIdentity",
      schema: registeredIdentity,
      example: registeredExample(did),
    },
    errors: ["identity_registration_failed", "operation_not_allowed", "vault_conflict"],
  },
  {
    id: "listIdentities",
    method: "GET",
    path: "/identities",
    tag: "Identities",
    summary: "The identities the daemon knows",
    caller: "owner",
    answer: {
      status: 200,
      type: "application/json",
      description: "All of them",
      name: "IdentityList",
      schema: identityList,
      example: {
        identities: [{
          handle: "calm-quietly-0001",
          did,
          status: "claimed",
          created_at: "2026-03-01T12:00:00.000Z",
          access: "owner",
          only: null,
        }],
      },
    },
    errors: [],
  },
  {
    id: "removeIdentity",
    method: "DELETE",
    path: "/identities/{handle}",
    tag: "Identities",
    summary: "Takes the access of an identity that was let in away, and ends its runs",
    caller: "owner",
    parameters: [handle],
    answer: {
      status: 200,
      type: "application/json",
      description: "It is out",
      name: "RemovedIdentity",
      schema: removedIdentity,
      example: { status: "removed", handle: "calm-quietly-0001", runs_ended: 1 },
    },
    errors: ["invalid_input", "operation_not_allowed"],
  },
  ...CLAIM_OPERATIONS,
];
