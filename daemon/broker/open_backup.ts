/**
 * Opens a backup: everything in it is decrypted and checked, nothing of it is told but names and
 * numbers.
 *
 * @module
 */
import type { Replaced, VerifiedBackup, VerifyBackupRequest } from "../../core/api.ts";
import { MAX_BACKUP_BYTES } from "../../core/backup_size.ts";
import { InvalidInputError } from "../../core/errors.ts";
import { Secret } from "../../core/secret.ts";
import { type BackupContent, countKept, factsOf } from "../records/backup_content.ts";
import type { Broker } from "./broker.ts";
import type { OwnerCaller } from "./caller.ts";

/** What the backup holds, and what restoring it here would replace. @throws {InvalidInputError} */
export async function verifyBackup(
  broker: Broker,
  owner: OwnerCaller,
  request: VerifyBackupRequest,
): Promise<VerifiedBackup> {
  const content = await openBackup(request);
  return { ...factsOf(content), replaces: await whatIsHere(broker, owner) };
}

/**
 * The backup's content.
 *
 * @throws {InvalidInputError} when it is none, damaged, newer, or sealed with another passphrase.
 */
export async function openBackup(request: VerifyBackupRequest): Promise<BackupContent> {
  const bytes = decodeBase64(request.backup);
  // Loaded when it is needed: the codec's schemas cost a daemon 15 MB that it seldom needs.
  const [{ decodeBackup }, file] = await Promise.all([
    import("../records/backup_codec.ts"),
    import("../records/backup_file.ts"),
  ]);
  return decodeBackup(await file.openBackup(bytes, new Secret(request.passphrase)));
}

/** How much there is here that a restore would replace. */
export async function whatIsHere(broker: Broker, owner: OwnerCaller): Promise<Replaced> {
  // Nothing of it is opened: a backup is what mends a vault in which something does not open.
  const { connections, clients } = await countKept(broker.vault, owner.vault_id);
  return {
    connections,
    clients,
    definitions: broker.catalogue.custom().length,
  };
}

function decodeBase64(text: string): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.fromBase64(text);
  } catch {
    throw new InvalidInputError("Cannot open the backup: it is not base64");
  }
  if (bytes.length <= MAX_BACKUP_BYTES) return bytes;
  throw new InvalidInputError("Cannot open the backup: it is larger than a backup can be");
}
