/**
 * Takes a provider's tokens back at the provider, and forgets everything kept of it here.
 *
 * @module
 */
import type { RevokeResult } from "../../core/api.ts";
import type { AuditEvent } from "../../core/audit_chain.ts";
import type { Connection } from "../../core/connection.ts";
import { VaultConflictError } from "../../core/errors.ts";
import type { ProviderClient } from "../../core/provider_client.ts";
import type { ProviderDefinition } from "../../core/provider.ts";
import type { Outbound } from "../oauth/outbound.ts";
import { deleteRegistration } from "../oauth/registration.ts";
import { revokeTokens } from "../oauth/revocation.ts";
import { readProviderConnections } from "../records/connection_index.ts";
import {
  readConnection,
  readConnectionRevision,
  removeProviderConnections,
  saveConnection,
} from "../records/connections.ts";
import { readProviderClient, removeProviderClient } from "../records/provider_clients.ts";
import type { Broker } from "./broker.ts";
import type { OwnerCaller } from "./caller.ts";
import { flowContext } from "./flow_context.ts";
import { oauthConnection } from "./oauth_connection.ts";
import { withOwnersWord } from "./reachable_provider.ts";

/** What became of one token. */
export type RevocationOutcome = RevokeResult["outcomes"][number];

/** Patience with one request; a person waits, and what counts is that it is gone here. */
const REQUEST_TIMEOUT_MS = 10_000;
/** Connections that are revoked at the same time. */
const AT_ONCE = 16;

/**
 * Revokes and forgets. What the provider answers is reported and stops nothing: a person who wants a
 * credential gone from here is not held up by an endpoint that is down.
 *
 * From the first moment nobody can use the connections any more; they are forgotten last, so that a
 * crash in between leaves something to revoke again.
 *
 * @throws {ProviderNotFoundError} when neither a definition nor a connection has this name.
 */
export async function revokeProvider(
  broker: Broker,
  owner: OwnerCaller,
  provider: string,
): Promise<RevokeResult> {
  const { vault, catalogue, refreshes } = broker;
  const { vault_id } = owner;
  const known = await readProviderConnections(vault, vault_id, provider);
  const definition = known === null ? catalogue.get(provider) : catalogue.find(provider);
  const names = known?.connections.map(({ connection_name }) => connection_name) ?? [];
  const who = { provider, identity: owner.identity };
  broker.audit({
    event: "revoke",
    status: "success",
    ...who,
    details: { connections: names.length },
  });
  for (const name of names) await markRevoked(broker, vault_id, provider, name);
  broker.changes.publish({ type: "connections", vault_id, provider });
  // A refresh that is under way brings tokens that must be revoked, too.
  await refreshes.settle(REQUEST_TIMEOUT_MS, { vault_id, provider });

  const client = await readProviderClient(vault, provider);
  const outcomes = definition === null
    ? []
    : await askProvider(broker, vault_id, withOwnersWord(broker, definition), names, client);
  broker.audit(...outcomes.map(({ connection, token, outcome }): AuditEvent => ({
    event: "revoke_outcome",
    status: outcome === "revoked" || outcome === "not_supported" ? "success" : "failure",
    ...who,
    connection,
    details: { token, outcome },
  })));
  const count = await removeProviderConnections(vault, vault_id, provider);
  await removeProviderClient(vault, provider);
  for (const connection of names) refreshes.forget(vault_id, { provider, connection });
  broker.changes.publish({ type: "connections", vault_id, provider });
  return { status: "ok", provider, connections: count, outcomes };
}

async function markRevoked(
  { vault, now }: Broker,
  vaultId: string,
  provider: string,
  connection: string,
): Promise<void> {
  for (;;) {
    const read = await readConnectionRevision(vault, vaultId, { provider, connection });
    if (read === null || read.connection.status === "revoked") return;
    const revoked: Connection = { ...read.connection, status: "revoked" };
    try {
      await saveConnection(vault, revoked, { now: now(), expected: read.revision });
      return;
    } catch (error) {
      if (!(error instanceof VaultConflictError)) throw error;
    }
  }
}

/** What the provider says to each token, and to the registration of its client. */
async function askProvider(
  broker: Broker,
  vaultId: string,
  definition: ProviderDefinition,
  names: readonly string[],
  client: ProviderClient | null,
): Promise<readonly RevocationOutcome[]> {
  const outbound = { ...flowContext(broker, definition), timeoutMs: REQUEST_TIMEOUT_MS };
  const outcomes: RevocationOutcome[] = [];
  for (let n = 0; n < names.length; n += AT_ONCE) {
    const asked = names.slice(n, n + AT_ONCE).map(async (connection) => {
      const ref = { provider: definition.name, connection };
      const stored = await readConnection(broker.vault, vaultId, ref);
      if (stored === null) return [];
      return await askForConnection(broker, stored, definition, client, outbound);
    });
    outcomes.push(...(await Promise.all(asked)).flat());
  }
  // A person's own OAuth app is the person's; only what we registered ourselves is deleted.
  if (client !== null && client.redirect_uri !== null) {
    const connection = names[0] ?? "default";
    outcomes.push({ connection, ...await deleteRegistration(definition, client, outbound) });
  }
  return outcomes;
}

async function askForConnection(
  broker: Broker,
  stored: Connection,
  definition: ProviderDefinition,
  client: ProviderClient | null,
  outbound: Outbound,
): Promise<readonly RevocationOutcome[]> {
  const connection = stored.connection_name;
  if (definition.oauth === undefined || stored.auth_type !== "oauth2") {
    return Object.keys(stored.secrets).map((token) => ({
      connection,
      token,
      outcome: "not_supported",
      detail: null,
    }));
  }
  await broker.allowProvider(definition, stored.base_url);
  const said = await revokeTokens(oauthConnection(stored, definition, client), outbound);
  return said.map((outcome) => ({ connection, ...outcome }));
}
