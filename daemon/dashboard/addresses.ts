/**
 * Addresses of the dashboard's pages, and which addresses of other people's a page may lead to.
 *
 * @module
 */
import type { ConnectionRef } from "../../core/connection.ts";

/** What can be done to one connection. */
export type ConnectionAction = "default" | "disconnect" | "show";
/** What can be done to a provider. */
export type ProviderAction = "connect" | "remove" | "revoke";

/** The page of a provider, or what is done to it. */
export function providerAddress(provider: string, action?: ProviderAction): string {
  const page = `/ui/apps/${encodeURIComponent(provider)}`;
  return action === undefined ? page : `${page}/${action}`;
}

/** What is done to a connection. */
export function connectionAddress(ref: ConnectionRef, action: ConnectionAction): string {
  return `${providerAddress(ref.provider)}/${encodeURIComponent(ref.connection)}/${action}`;
}

/** The page that ends a run's grant. */
export function endRunAddress(grantId: string): string {
  return `/ui/runs/${encodeURIComponent(grantId)}/end`;
}

/** The page that asks about a claim, or what is answered. */
export function claimAddress(code: string, answer?: "accept" | "refuse"): string {
  const page = `/ui/claims/${encodeURIComponent(code)}`;
  return answer === undefined ? page : `${page}/${answer}`;
}

/** The page that takes another machine's access away. */
export function removeProfileAddress(handle: string): string {
  return `/ui/profiles/${encodeURIComponent(handle)}/remove`;
}

/** `path` with the parameters that are not empty. */
export function withQuery(
  path: string,
  parameters: Readonly<Record<string, string | undefined>>,
): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== "") query.set(name, value);
  }
  return query.size === 0 ? path : `${path}?${query}`;
}

/**
 * The page of a provider's documentation as a definition names it; null for what is not https: who is
 * on the way could answer there with anything, and a person reads it to learn where to enter a key.
 */
export function documentationAddress(url: string | undefined): string | null {
  const address = outsideAddress(url);
  return address?.startsWith("https:") ? address : null;
}

/** The URL of somebody else's page; null for anything a browser would run instead of open. */
export function outsideAddress(url: string | undefined): string | null {
  if (url === undefined || !URL.canParse(url)) return null;
  const { protocol, href } = new URL(url);
  return protocol === "https:" || protocol === "http:" ? href : null;
}
