/**
 * Takes a provider's tokens back at the provider, and forgets everything kept of it here.
 *
 * @module
 */
import type { RevokeResult } from "../../core/api.ts";
import type { Connection } from "../../core/connection.ts";
import type { ProviderClient } from "../../core/provider_client.ts";
import type { ProviderDefinition } from "../../core/provider.ts";
import { readProviderConnections } from "../records/connection_index.ts";
import { readConnection, removeProviderConnections } from "../records/connections.ts";
import { readProviderClient, removeProviderClient } from "../records/provider_clients.ts";
import type { Broker } from "./broker.ts";
import type { OwnerCaller } from "./caller.ts";

/** What became of one token. */
export type RevocationOutcome = RevokeResult["outcomes"][number];

/** Asks a provider to revoke a connection's tokens; never throws. */
export type RevokeTokens = (
  definition: ProviderDefinition,
  client: ProviderClient | null,
  connection: Connection,
) => Promise<readonly RevocationOutcome[]>;

/**
 * Revokes and forgets. What the provider answers is reported and stops nothing: a person who wants a
 * credential gone from here is not held up by an endpoint that is down.
 *
 * @throws {ProviderNotFoundError} when neither a definition nor a connection has this name.
 */
export async function revokeProvider(
  broker: Broker,
  owner: OwnerCaller,
  provider: string,
): Promise<RevokeResult> {
  const known = await readProviderConnections(broker.vault, owner.vault_id, provider);
  const definition = known === null
    ? broker.catalogue.get(provider)
    : broker.catalogue.find(provider);
  const client = await readProviderClient(broker.vault, provider);
  const outcomes: RevocationOutcome[] = [];
  for (const { connection_name } of known?.connections ?? []) {
    const ref = { provider, connection: connection_name };
    const connection = await readConnection(broker.vault, owner.vault_id, ref);
    if (connection === null || definition === null) continue;
    outcomes.push(...await broker.revokeTokens(definition, client, connection));
  }
  broker.audit({
    event: "revoke",
    status: "success",
    provider,
    identity: owner.identity,
    details: { outcomes: outcomes.map(({ token, outcome }) => `${token}: ${outcome}`) },
  });
  const count = await removeProviderConnections(broker.vault, owner.vault_id, provider);
  await removeProviderClient(broker.vault, provider);
  broker.changes.publish({ type: "connections", vault_id: owner.vault_id, provider });
  return { status: "ok", provider, connections: count, outcomes };
}

/** For credentials that no endpoint takes back. */
export const notRevocable: RevokeTokens = (_definition, _client, connection) =>
  Promise.resolve(
    Object.keys(connection.secrets).map((token) => ({
      connection: connection.connection_name,
      token,
      outcome: "not_supported" as const,
      detail: null,
    })),
  );
