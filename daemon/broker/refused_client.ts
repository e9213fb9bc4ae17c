/**
 * OAuth clients that a provider does not accept any more: a secret that was changed there, or a
 * registration that the server has forgotten.
 *
 * @module
 */
import { TokenEndpointError } from "../../core/errors.ts";
import { readProviderClient, removeProviderClient } from "../records/provider_clients.ts";
import type { Broker } from "./broker.ts";

/** RFC 6749 section 5.2: what is said of a client whose id or secret is not right. */
const CLIENT_REFUSED = ["invalid_client", "unauthorized_client"];

/** Whether the provider did not accept the client, as opposed to the person, the code or the token. */
export function isClientRefused(error: unknown): error is TokenEndpointError {
  return error instanceof TokenEndpointError && CLIENT_REFUSED.includes(error.error ?? "");
}

/**
 * Forgets a client that registered itself, so that the next login registers anew; one that a person
 * typed in is theirs. Nothing happens when another client is kept by now.
 */
export async function forgetRegistration(
  { vault }: Broker,
  provider: string,
  client_id: string | null,
): Promise<void> {
  const kept = await readProviderClient(vault, provider);
  if (kept === null || kept.redirect_uri === null || kept.client_id !== client_id) return;
  await removeProviderClient(vault, provider);
}
