/**
 * Changes the vault's keys: a new data key for every record, a new master key around it.
 *
 * @module
 */
import type { KeyRotation, RotateKeysRequest } from "../../core/api.ts";
import { Secret } from "../../core/secret.ts";
import type { Broker } from "./broker.ts";
import type { OwnerCaller } from "./caller.ts";
import { auditedAttempt } from "./audited_attempt.ts";

/**
 * Runs go on: their grants are sealed anew like everything else, and nothing that was read becomes
 * wrong.
 *
 * @throws {InvalidInputError} when the new key cannot be used. @throws {StoreUnavailableError}
 */
export async function rotateKeys(
  broker: Broker,
  { identity }: OwnerCaller,
  { new_key }: RotateKeysRequest,
): Promise<KeyRotation> {
  const given = new_key === undefined ? null : new Secret(new_key);
  const details = { source: broker.encryption.source };
  return await auditedAttempt(broker, { event: "key_rotate", identity, details }, async () => ({
    status: "rotated",
    ...await broker.changeKeys(given),
  }));
}
