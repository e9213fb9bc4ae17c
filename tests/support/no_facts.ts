/**
 * OAuth facts of a connection for which everything is as its definition and client say.
 *
 * @module
 */
import type { ConnectionFacts } from "../../daemon/oauth/connection_facts.ts";

/** None of them is known. */
export const NO_FACTS: ConnectionFacts = {
  client_id: null,
  token_endpoint_auth_method: null,
  token_endpoint: null,
  revocation_endpoint: null,
  issuer: null,
  resource: null,
};
