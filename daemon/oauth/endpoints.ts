/**
 * A definition's endpoint URLs with their variables filled in, and the rule that every endpoint
 * follows, wherever it was found.
 *
 * @module
 */
import { InvalidProviderDefinitionError } from "../../core/errors.ts";
import { isPrivateName } from "../../core/host_pattern.ts";
import { fillBaseUrl, urlVariables } from "../../core/base_url.ts";
import type { ProviderDefinition } from "../../core/provider.ts";

/**
 * An endpoint with its variables filled in; null when the definition has none of that kind.
 *
 * @param variables More values than the base URL's; each is percent-encoded.
 * @throws {InvalidProviderDefinitionError} when a variable has no value, or the result is no
 * endpoint ({@linkcode isEndpoint}).
 */
export function fillEndpoint(
  provider: ProviderDefinition,
  template: string | undefined,
  base_url: string | null,
  variables: Readonly<Record<string, string>> = {},
): string | null {
  if (template === undefined) return null;
  const encoded = Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [name, encodeURIComponent(value)]),
  );
  const url = fillBaseUrl(template, { ...encoded, ...urlVariables(provider, base_url) });
  if (url === null || !isEndpoint(url, provider)) {
    throw new InvalidProviderDefinitionError(
      `Cannot use provider ${provider.name}: ${template} does not give an https URL`,
      { provider: provider.name, hint: `Run: authsome inspect ${provider.name}` },
    );
  }
  return url;
}

/**
 * Whether a URL may be talked to as an OAuth endpoint: https, no user information, no fragment
 * (RFC 6749 section 3.1), and no private host unless the owner allowed it for this provider:
 * metadata comes from outside and must not point us at the neighbours.
 */
export function isEndpoint(
  url: unknown,
  provider: Pick<ProviderDefinition, "allow_private">,
): url is string {
  if (typeof url !== "string" || !URL.canParse(url)) return false;
  const { protocol, username, password, hash, hostname } = new URL(url);
  return protocol === "https:" && username === "" && password === "" && hash === "" &&
    (provider.allow_private === true || !isPrivateName(hostname));
}
