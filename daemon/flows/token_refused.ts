/**
 * The error of a login whose token endpoint said no (RFC 6749 section 5.2).
 *
 * @module
 */
import { TokenEndpointError } from "../../core/errors.ts";
import { type ProviderError, showProviderError } from "../oauth/provider_error.ts";

/** The error to throw; `hint` where something is known that helps. */
export function tokenRefused(provider: string, said: ProviderError, hint?: string): Error {
  return new TokenEndpointError(
    `Cannot log in to ${provider}: the token endpoint answered ${showProviderError(said)}`,
    { provider, operation: "login", error: said.error, hint },
  );
}
