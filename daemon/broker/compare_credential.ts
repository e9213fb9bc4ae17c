/**
 * Whether values found elsewhere (in a `.env` file, say) are the ones a connection has.
 *
 * The kept values stay here: the caller learns "same" or "different" and nothing of either.
 *
 * @module
 */
import type { CompareRequest, CompareResult } from "../../core/api.ts";
import type { Connection } from "../../core/connection.ts";
import { equalsSecret } from "../../core/equals_secret.ts";
import { readConnection } from "../records/connections.ts";
import type { Broker } from "./broker.ts";
import type { OwnerCaller } from "./caller.ts";

/**
 * Compares each value with the connection's field of that name. Written down, because who may ask
 * often enough can find out whether a guess is right.
 *
 * @throws {ProviderNotFoundError}
 */
export async function compareCredential(
  broker: Broker,
  { identity, vault_id }: OwnerCaller,
  { provider: asked, connection: named, values }: CompareRequest,
): Promise<CompareResult> {
  const provider = broker.catalogue.get(asked).name;
  const connection = named ??
    (await broker.defaults.of(vault_id, provider))?.default_connection ?? null;
  const ref = connection === null ? null : { provider, connection };
  const kept = ref === null ? null : await readConnection(broker.vault, vault_id, ref);
  if (ref === null || kept === null) return { provider, connection: null, fields: {} };
  const fields = Object.fromEntries(
    Object.entries(values).map(([field, value]) => [field, compare(kept, field, value)]),
  );
  const details = { fields };
  broker.audit({ event: "compare", status: "success", identity, ...ref, details });
  return { ...ref, fields };
}

function compare(
  { secrets, base_url }: Connection,
  field: string,
  value: string,
): CompareResult["fields"][string] {
  const secret = Object.hasOwn(secrets, field) ? secrets[field]!.reveal() : null;
  const kept = field === "base_url" ? base_url : secret;
  if (kept === null) return "missing";
  return equalsSecret(value, kept) ? "same" : "different";
}
