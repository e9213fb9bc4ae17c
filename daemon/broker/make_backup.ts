/**
 * Everything that is kept, as one file that a passphrase opens.
 *
 * The passphrase comes to the daemon, as a vault's own does: the daemon has everything open anyway,
 * and this way nothing of it leaves the daemon unsealed.
 *
 * @module
 */
import type { BackupAnswer, BackupRequest } from "../../core/api.ts";
import { describeLargeBackup, MAX_BACKUP_BYTES, mebibytes } from "../../core/backup_size.ts";
import {
  InvalidInputError,
  OperationNotAllowedError,
  UnexpectedError,
  VaultSealError,
} from "../../core/errors.ts";
import { MIN_PASSPHRASE_LENGTH, passphraseLength } from "../../core/passphrase_rule.ts";
import { Secret } from "../../core/secret.ts";
import {
  type BackupContent,
  factsOf,
  type KeptContent,
  readBackupContent,
  salvageBackupContent,
} from "../records/backup_content.ts";
import type { Broker } from "./broker.ts";
import type { OwnerCaller } from "./caller.ts";
import { auditedAttempt } from "./audited_attempt.ts";

/**
 * A backup of this moment.
 *
 * @throws {InvalidInputError} when the passphrase is too short.
 * @throws {VaultSealError} when a record does not open, unless `partial`: half a backup would be
 * mistaken for a whole one.
 * @throws {OperationNotAllowedError} when there is more than could be restored again.
 */
export async function makeBackup(
  broker: Broker,
  { identity, vault_id }: OwnerCaller,
  request: BackupRequest,
): Promise<BackupAnswer> {
  const passphrase = new Secret(request.passphrase);
  if (passphraseLength(passphrase) < MIN_PASSPHRASE_LENGTH) {
    throw new InvalidInputError(
      `Cannot take this passphrase: it has fewer than ${MIN_PASSPHRASE_LENGTH} characters`,
      { hint: "Several words are easier to keep than a short riddle" },
    );
  }
  const { catalogue, changes } = broker;
  const revision = changes.revision;
  const { content: kept, broken } = await read(broker, vault_id, request.partial ?? false);
  const content: BackupContent = {
    created_at: broker.now(),
    version: broker.version,
    definitions: catalogue.custom(),
    ...kept,
  };
  const facts = factsOf(content);
  const details = { connections: facts.connections, definitions: facts.definitions.length };
  return await auditedAttempt(broker, { event: "backup", identity, details }, async () => {
    const bytes = await seal(content, passphrase);
    if (bytes.length > MAX_BACKUP_BYTES) throw tooLarge(bytes.length);
    const large = describeLargeBackup(bytes.length);
    return {
      ...facts,
      backup: bytes.toBase64(),
      revision,
      warnings: [
        ...catalogue.broken.map(({ file, problem }) => `${file} is not in the backup: ${problem}`),
        ...broken.map((key) => `${key} is not in the backup: it does not open`),
        ...(large === null ? [] : [large]),
      ],
    };
  });
}

async function read(
  { vault }: Broker,
  vaultId: string,
  isPartial: boolean,
): Promise<{ readonly content: KeptContent; readonly broken: readonly string[] }> {
  try {
    return { content: await readBackupContent(vault, vaultId), broken: [] };
  } catch (error) {
    if (!(error instanceof VaultSealError)) throw error;
    if (isPartial) return await salvageBackupContent(vault, vaultId);
    throw new VaultSealError(error.message, {
      cause: error,
      hint: "To save everything else: authsome backup PATH --partial",
    });
  }
}

/** Loaded when it is needed: the codec's schemas cost a daemon 15 MB that it seldom needs. */
async function seal(content: BackupContent, passphrase: Secret): Promise<Uint8Array> {
  const [{ decodeBackup, encodeBackup }, { sealBackup }] = await Promise.all([
    import("../records/backup_codec.ts"),
    import("../records/backup_file.ts"),
  ]);
  const text = encodeBackup(content);
  try {
    decodeBackup(text);
  } catch (cause) {
    // Found out now and not on the day when it is needed.
    throw new UnexpectedError("Cannot back up: what is kept could not be restored", {
      cause,
      hint: "Look for what it is: authsome daemon logs",
    });
  }
  return await sealBackup(text, passphrase);
}

function tooLarge(bytes: number): OperationNotAllowedError {
  return new OperationNotAllowedError(
    `Cannot back up: the file would have ${mebibytes(bytes)} MiB, and at most ${
      mebibytes(MAX_BACKUP_BYTES)
    } can be restored`,
    { operation: "backup", hint: "Stop the daemon and keep a copy of server/ instead" },
  );
}
