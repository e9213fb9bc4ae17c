/**
 * Waiting that an abort ends at once.
 *
 * @module
 */

/**
 * Waits `ms` milliseconds, or until `signal` aborts: no error, because whoever waits in a loop looks
 * at the signal anyway. Nothing to wait for costs no timer.
 */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms === 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}
