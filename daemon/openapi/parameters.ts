/**
 * Parameters that several operations have.
 *
 * @module
 */
import { NAME_PATTERN } from "../../core/provider.ts";
import type { Parameter } from "./operation.ts";

const name = { type: "string", pattern: NAME_PATTERN.source };

/** `{provider}` */
export const provider: Parameter = {
  name: "provider",
  in: "path",
  description: "Name of the provider",
  schema: name,
  example: "acme",
};

/** `{connection}` */
export const connection: Parameter = {
  name: "connection",
  in: "path",
  description: "Name of the connection; a first login is called `default`",
  schema: name,
  example: "default",
};

/** `{id}` of a login session. */
export const sessionId: Parameter = {
  name: "id",
  in: "path",
  description: "Id of the login session",
  schema: { type: "string", pattern: "^sess_[0-9a-f]{32}$" },
  example: "sess_5f2b8a1c9d3e4f60718293a4b5c6d7e8",
};

/** `{code}` of a claim. */
export const claimCode: Parameter = {
  name: "code",
  in: "path",
  description: "Code of the claim",
  schema: { type: "string" },
  example: "BCDF-GHJK",
};

/** `{handle}` of an identity. */
export const handle: Parameter = {
  name: "handle",
  in: "path",
  description: "Handle of the identity",
  schema: { type: "string" },
  example: "calm-quietly-0001",
};

/** `{id}` of a grant. */
export const grantId: Parameter = {
  name: "id",
  in: "path",
  description: "Id of the grant; a run may say `self` for its own",
  schema: { type: "string", pattern: "^(self|grant_[0-9a-f]{24})$" },
  example: "grant_0a1b2c3d4e5f60718293a4b5",
};
