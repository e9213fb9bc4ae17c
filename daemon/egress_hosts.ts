/**
 * The hosts that the daemon itself must reach for a provider: where tokens are got, refreshed and
 * revoked. Not the provider's API, which only the run proxy talks to, and not the page where a person
 * consents, which only the browser does.
 *
 * @module
 */
import { canonicalHost } from "../core/host_pattern.ts";
import { portOf } from "../core/url_port.ts";
import { parseIpAddress } from "../core/network_address.ts";
import { fillBaseUrl, readBaseUrl } from "../core/base_url.ts";
import type { ProviderDefinition } from "../core/provider.ts";
import type { AllowedHost } from "./relay_protocol.ts";

/**
 * Hosts for a definition, with the base URL that is (being) logged in with; null: the definition's
 * default. An endpoint whose variables are not known yet is left out.
 */
export function egressHosts(provider: ProviderDefinition, baseUrl: string | null): AllowedHost[] {
  const { oauth, base_url, check_url, allow_private = false } = provider;
  const endpoints = [
    oauth?.token_url,
    oauth?.refresh_url,
    oauth?.revocation_url,
    oauth?.device_authorization_url,
    oauth?.registration_endpoint,
    oauth?.resource,
    oauth?.issuer,
    oauth?.userinfo_url,
    check_url,
  ];
  const chosen = baseUrl ?? base_url?.default ?? null;
  const variables = base_url === undefined || chosen === null
    ? {}
    : readBaseUrl(base_url, chosen, { allowPrivate: allow_private });
  return endpoints
    .map((url) => url === undefined ? null : fillBaseUrl(url, variables ?? {}))
    .flatMap((url) => url === null ? [] : allowedHost(url, allow_private) ?? []);
}

/** The host of an https URL as the relay takes it; null for any other URL. */
export function allowedHost(url: string, isPrivate: boolean): AllowedHost | null {
  const parsed = URL.parse(url);
  if (parsed?.protocol !== "https:") return null;
  const host = parsed.hostname.replace(/^\[|\]$/g, "");
  if (canonicalHost(host) !== host && parseIpAddress(host) === null) return null;
  return { host, port: portOf(parsed), private: isPrivate };
}
