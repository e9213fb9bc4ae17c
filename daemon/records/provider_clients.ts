/**
 * OAuth clients of providers, one for each provider, server-wide.
 *
 * @module
 */
import type { ProviderClient } from "../../core/provider_client.ts";
import { Secret } from "../../core/secret.ts";
import type { Vault, VaultChange } from "../vault/vault.ts";
import { providerClientKey } from "./record_key.ts";

/** The provider's client, or null. */
export async function readProviderClient(
  vault: Vault,
  provider: string,
): Promise<ProviderClient | null> {
  const record = await vault.get(providerClientKey(provider));
  return record === null ? null : decodeProviderClient(record.value);
}

/** Keeps a client for the provider, in place of an earlier one. */
export async function saveProviderClient(
  vault: Vault,
  provider: string,
  client: ProviderClient,
): Promise<void> {
  await vault.write([providerClientChange(provider, client)]);
}

/** What {@linkcode saveProviderClient} writes, to be written together with something else. */
export function providerClientChange(provider: string, client: ProviderClient): VaultChange {
  return { type: "put", key: providerClientKey(provider), value: encode(client) };
}

/** Forgets the provider's client; nothing happens when there is none. */
export async function removeProviderClient(vault: Vault, provider: string): Promise<void> {
  await vault.write([{ type: "delete", key: providerClientKey(provider) }]);
}

/** JSON of a client; holds its secrets. */
function encode(client: ProviderClient): string {
  return JSON.stringify({
    schema_version: 1,
    ...client,
    client_secret: client.client_secret?.reveal() ?? null,
    registration_access_token: client.registration_access_token?.reveal() ?? null,
  });
}

/** The client that {@linkcode providerClientChange} wrote. */
export function decodeProviderClient(text: string): ProviderClient {
  const { schema_version: _, client_secret, registration_access_token, ...rest } = JSON.parse(text);
  const secret = (value: string | null) => value === null ? null : new Secret(value);
  const ends: string | null = rest.client_secret_expires_at ?? null;
  return {
    ...rest,
    client_secret: secret(client_secret),
    ...(ends === null ? {} : { client_secret_expires_at: new Date(ends) }),
    registration_access_token: secret(registration_access_token),
  };
}
