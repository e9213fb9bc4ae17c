/**
 * Read, decide, write: one change of records at a time, repeated when another process got between.
 *
 * @module
 */
import { VaultConflictError } from "../../core/errors.ts";
import type { Vault } from "../vault/vault.ts";

/** How often a change is tried before the conflict is reported. */
const ATTEMPTS = 25;

const queues = new WeakMap<Vault, Map<string, Promise<unknown>>>();

/**
 * Runs `attempt`, which reads records and writes with the revisions it read, until it meets no
 * conflict. Changes with the same `subject` (a key) wait for each other within this process, so
 * that only other processes can conflict.
 *
 * @throws {VaultConflictError} when others keep getting in between.
 */
export async function changeRecords<T>(
  vault: Vault,
  subject: string,
  attempt: () => Promise<T>,
): Promise<T> {
  const queue = queues.get(vault) ?? new Map<string, Promise<unknown>>();
  queues.set(vault, queue);
  const before = queue.get(subject) ?? Promise.resolve();
  const mine = before.then(() => untilNoConflict(attempt), () => untilNoConflict(attempt));
  queue.set(subject, mine);
  try {
    return await mine;
  } finally {
    if (queue.get(subject) === mine) queue.delete(subject);
  }
}

async function untilNoConflict<T>(attempt: () => Promise<T>): Promise<T> {
  for (let left = ATTEMPTS;; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof VaultConflictError) || left <= 1) throw error;
    }
  }
}
