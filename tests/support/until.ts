/**
 * Waits for a condition that another process or task brings about.
 *
 * @module
 */

/** Asks again and again; throws after `timeoutMs`. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 15_000,
): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!await condition()) {
    if (Date.now() > end) throw new Error("it did not come true");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
