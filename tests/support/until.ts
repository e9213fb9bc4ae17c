/**
 * Waits for a condition that another process or task brings about.
 *
 * @module
 */

/** A test that waits for what never comes fails; what comes late, on a busy machine, has come. */
const PATIENCE_MS = 60_000;

/** Asks again and again; throws when it gives up. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!await condition()) {
    if (performance.now() > end) throw new Error("it did not come true");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
