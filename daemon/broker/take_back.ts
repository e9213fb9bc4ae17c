/**
 * What a login that was cancelled, failed or expired leaves at the provider: tokens that were granted
 * meanwhile, and the client that was registered for it. Nobody has them, so they are taken back where
 * that is offered.
 *
 * @module
 */
import type { LoginRequest, TokenGrant } from "../flows/flow.ts";
import { deleteRegistration } from "../oauth/registration.ts";
import { revokeTokens } from "../oauth/revocation.ts";
import type { Broker } from "./broker.ts";
import { flowContext } from "./flow_context.ts";
import type { OpenSession } from "./login_session.ts";
import { withOwnersWord } from "./reachable_provider.ts";

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

/** Deletes the client that a login registered and no login will use (RFC 7592). */
export function takeBackClient(broker: Broker, { record: { data } }: OpenSession): void {
  const { client, provider } = data;
  const definition = broker.catalogue.find(provider);
  if (definition === null || client === null || client.registration_client_uri === null) return;
  broker.background(async (signal) => {
    const outbound = flowContext(broker, withOwnersWord(broker, definition), signal);
    const patient = { ...outbound, timeoutMs: REQUEST_TIMEOUT_MS };
    await deleteRegistration(withOwnersWord(broker, definition), client, patient);
  });
}
