/**
 * Puts a backup in place of everything that is kept here.
 *
 * Records change in one transaction, together with a note of what is to be done to the definition
 * files; a process that dies in between finds the note when it starts again, before it answers
 * anything. Meanwhile no request is answered, so that none meets one backup's credentials under
 * another's hosts.
 *
 * @module
 */
import type { Replaced, RestoredBackup, RestoreRequest } from "../../core/api.ts";
import { ConnectionExistsError, VaultConflictError } from "../../core/errors.ts";
import { type BackupContent, countKept, factsOf } from "../records/backup_content.ts";
import {
  applyPendingDefinitions,
  pendingDefinitionsChange,
} from "../records/pending_definitions.ts";
import { restoreChanges } from "../records/restore_changes.ts";
import type { Broker } from "./broker.ts";
import type { OwnerCaller } from "./caller.ts";
import { auditedAttempt } from "./audited_attempt.ts";
import { openBackup, whatIsHere } from "./open_backup.ts";

/** How long requests under way are waited for, in milliseconds. */
const PATIENCE_MS = 5_000;

/**
 * Restores. Runs go on, with what was restored.
 *
 * @throws {InvalidInputError} when the backup does not open; see {@linkcode openBackup}.
 * @throws {ConnectionExistsError} when something is kept here, unless `force`.
 * @throws {VaultConflictError} when something changed since `revision`.
 * @throws {StoreUnavailableError} when it could not be written. Except where the message says
 * otherwise, nothing was changed.
 */
export async function restoreBackup(
  broker: Broker,
  owner: OwnerCaller,
  request: RestoreRequest,
): Promise<RestoredBackup> {
  const content = await openBackup(request);
  return await broker.gate.alone(PATIENCE_MS, async () => {
    const replaced = await whatIsHere(broker, owner);
    check(broker, replaced, request);
    const facts = factsOf(content);
    const { identity } = owner;
    const details = {
      backup: facts.created_at,
      connections: facts.connections,
      definitions: facts.definitions.length,
      replaced,
    };
    await auditedAttempt(
      broker,
      { event: "restore", identity, details },
      () => replaceEverything(broker, owner, content),
    );
    return { status: "restored", ...facts, replaced };
  });
}

function check(broker: Broker, replaced: Replaced, { force, revision }: RestoreRequest): void {
  const { connections, clients, definitions } = replaced;
  if (force !== true && connections + clients + definitions > 0) {
    throw new ConnectionExistsError(
      `Cannot restore: there is something here already (connections: ${connections}, ` +
        `clients: ${clients}, definitions: ${definitions})`,
      { operation: "restore", hint: "To replace it: authsome restore PATH --force" },
    );
  }
  if (revision !== undefined && revision !== broker.changes.revision) {
    throw new VaultConflictError("Cannot restore: something was changed here meanwhile", {
      operation: "restore",
      hint: "Nothing was replaced; run it again",
    });
  }
}

async function replaceEverything(
  broker: Broker,
  owner: OwnerCaller,
  content: BackupContent,
): Promise<void> {
  const { vault, catalogue, changes } = broker;
  const { vault_id } = owner;
  const { definitions } = content;
  const kept = new Set(definitions.map(({ name }) => name));
  const remove = catalogue.custom().map(({ name }) => name).filter((name) => !kept.has(name));
  const touched = new Set([
    ...(await countKept(vault, vault_id)).providers,
    ...content.connections.map(({ provider }) => provider),
  ]);
  await vault.write([
    ...await restoreChanges(vault, owner, content),
    pendingDefinitionsChange({ save: definitions, remove }),
  ]);
  try {
    await catalogue.adopt(
      definitions,
      async (files) => void await applyPendingDefinitions(vault, files),
    );
  } finally {
    changes.publish({ type: "providers" });
    for (const provider of touched) changes.publish({ type: "connections", vault_id, provider });
  }
}
