/**
 * Waiting, but not for ever.
 *
 * @module
 */

/** Resolves when `work` has ended, well or not, and after `timeoutMs` in any case. */
export async function endedWithin(timeoutMs: number, work: Promise<unknown>): Promise<void> {
  const patience = Promise.withResolvers<void>();
  const timer = setTimeout(() => patience.resolve(), timeoutMs);
  await Promise.race([patience.promise, work.catch(() => {})]);
  clearTimeout(timer);
}
