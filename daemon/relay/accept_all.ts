/**
 * Accepts connections until the listener closes. A relay that is out of file descriptors is refused
 * every one at once: it waits a moment before it tries again, instead of taking a whole processor.
 *
 * @module
 */

const PAUSE_MS = 100;

/**
 * Hands each connection to `serve`, which never throws. Comes back when the listener was closed.
 * `pause` is for tests.
 */
export async function acceptAll<Connection>(
  listener: { accept(): Promise<Connection> },
  serve: (connection: Connection) => unknown,
  pause: () => Promise<void> = pauseAMoment,
): Promise<void> {
  for (;;) {
    try {
      serve(await listener.accept());
    } catch (error) {
      if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) {
        return;
      }
      await pause();
    }
  }
}

function pauseAMoment(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}
