/**
 * What was granted to a login that was cancelled while the provider was asked: nobody has it, so it
 * is taken back at the provider where that offers it.
 *
 * @module
 */
import type { LoginRequest, TokenGrant } from "../flows/flow.ts";
import { revokeTokens } from "../oauth/revocation.ts";
import type { Broker } from "./broker.ts";
import { flowContext } from "./flow_context.ts";
import type { OpenSession } from "./login_session.ts";

/** Patience with one request: nobody waits for it. */
const REQUEST_TIMEOUT_MS = 10_000;

/** Revokes the grant's tokens in the background; what the provider says is in the audit log. */
export function takeBack(
  broker: Broker,
  { record: { data } }: OpenSession,
  login: LoginRequest,
  grant: TokenGrant,
): void {
  if (login.provider.oauth === undefined || data.flow === "api_key") return;
  const { provider, identity, connection, flow } = data;
  const client = data.pending?.client ?? login.client;
  const { base_url, secrets, metadata, granted_scopes: scopes } = grant;
  const granted = { provider: login.provider, flow, base_url, scopes, secrets, metadata, client };
  broker.background(async (signal) => {
    const outbound = { ...flowContext(broker, login.provider, signal) };
    const outcomes = await revokeTokens(granted, { ...outbound, timeoutMs: REQUEST_TIMEOUT_MS });
    for (const { token, outcome } of outcomes) {
      if (outcome === "not_supported") continue;
      const status = outcome === "revoked" ? "success" : "failure";
      const details = { token, outcome, reason: "login_cancelled" };
      broker.audit({ event: "revoke_outcome", status, provider, connection, identity, details });
    }
  });
}
