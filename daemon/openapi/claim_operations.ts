/**
 * Operations on claims: an identity of another machine asks to be let in, the owner decides.
 *
 * @module
 */
import type { RegisteredIdentity } from "../../core/api.ts";
import { acceptClaimRequest, createClaimRequest } from "../../core/api_schema.ts";
import { claimList, identityClaim, registeredIdentity } from "./answer_schema.ts";
import type { AnswerContent, Operation } from "./operation.ts";
import { claimCode } from "./parameters.ts";

/** What is answered to whoever let `did` in. */
export const registeredExample = (did: string): RegisteredIdentity => ({
  status: "registered",
  identity: "calm-quietly-0001",
  did,
  registration_status: "claimed",
  principal_id: "principal_0a1b2c3d4e5f",
  vault_id: "vault_0a1b2c3d4e5f",
});

const did = "did:key:z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH";

const claim = {
  code: claimCode.example,
  handle: "calm-quietly-0001",
  did,
  status: "pending",
  created_at: "2026-03-01T12:00:00.000Z",
  expires_at: "2026-03-01T12:10:00.000Z",
};

const answer: AnswerContent = {
  status: 200,
  type: "application/json",
  description: "The claim",
  name: "IdentityClaim",
  schema: identityClaim,
  example: claim,
};

/** Make, look, list, accept, refuse. */
export const CLAIM_OPERATIONS: readonly Operation[] = [
  {
    id: "createClaim",
    method: "POST",
    path: "/identities/claims",
    tag: "Identities",
    summary: "Asks the owner to let the key that signs this request in",
    description:
      "For a machine that cannot read the home. The same key is answered with the same " +
      "claim while it waits; few wait at a time. Nothing is granted before the owner accepts.",
    caller: "new_identity",
    request: {
      type: "application/json",
      name: "CreateClaimRequest",
      schema: createClaimRequest,
      example: { handle: "calm-quietly-0001", did },
    },
    answer,
    errors: ["operation_not_allowed"],
  },
  {
    id: "getClaim",
    method: "GET",
    path: "/identities/claims/{code}",
    tag: "Identities",
    summary: "What has become of a claim; for the key that made it",
    caller: "new_identity",
    parameters: [claimCode],
    answer,
    errors: [],
  },
  {
    id: "listClaims",
    method: "GET",
    path: "/identities/claims",
    tag: "Identities",
    summary: "The claims that wait for the owner",
    caller: "owner",
    answer: {
      status: 200,
      type: "application/json",
      description: "Oldest first",
      name: "ClaimList",
      schema: claimList,
      example: { claims: [claim] },
    },
    errors: [],
  },
  {
    id: "acceptClaim",
    method: "POST",
    path: "/identities/claims/{code}/accept",
    tag: "Identities",
    summary: "Lets an identity in: to run programs, at most with the connections in `only`",
    caller: "owner",
    parameters: [claimCode],
    request: {
      type: "application/json",
      name: "AcceptClaimRequest",
      schema: acceptClaimRequest,
      example: { only: [{ provider: "acme", connection: null }] },
    },
    answer: {
      status: 200,
      type: "application/json",
      description: "It is in",
      name: "RegisteredIdentity",
      schema: registeredIdentity,
      example: registeredExample(did),
    },
    errors: [
      "identity_registration_failed",
      "invalid_input",
      "provider_not_found",
      "vault_conflict",
    ],
  },
  {
    id: "refuseClaim",
    method: "DELETE",
    path: "/identities/claims/{code}",
    tag: "Identities",
    summary: "Keeps the identity of a claim out",
    caller: "owner",
    parameters: [claimCode],
    answer: { ...answer, example: { ...claim, status: "refused" } },
    errors: ["invalid_input"],
  },
];
