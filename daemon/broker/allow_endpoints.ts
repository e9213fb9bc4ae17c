/**
 * Opens the way to the endpoints that a step of a login may call: the egress relay refuses every host
 * it was not told.
 *
 * @module
 */
import { readBaseUrl } from "../../core/base_url.ts";
import type { LoginRequest, PendingLogin } from "../flows/flow.ts";
import type { Broker } from "./broker.ts";

/** Tells the relay. `typedBaseUrl` is what the person just entered, as it was entered. */
export async function allowEndpoints(
  broker: Broker,
  { provider, client, base_url }: LoginRequest,
  pending: PendingLogin | null,
  typedBaseUrl: string | null = null,
): Promise<void> {
  const given = typedBaseUrl?.trim() || base_url || client?.base_url || null;
  const known = provider.base_url === undefined || given === null
    ? null
    : readBaseUrl(provider.base_url, given, { allowPrivate: provider.allow_private === true });
  await broker.allowProvider(provider, known?.["base_url"] ?? null);
  // Found by discovery, perhaps for a daemon before this one.
  if (pending?.server.discovered === true) {
    const { token_endpoint, userinfo_endpoint } = pending.server;
    const urls = [token_endpoint, userinfo_endpoint].filter((url) => url !== null);
    const hosts = urls.map((url) => new URL(url).host);
    await broker.allowHosts(hosts, provider.allow_private === true);
  }
}
