/**
 * A port for what listens, ends and listens there again.
 *
 * Between the two nobody holds it, and the system gives the ports that it chooses by itself to whoever
 * asks next: to another test, say, or to this end of a connection. So this one is none of those.
 *
 * @module
 */

/** Below what Linux and macOS choose from by themselves. */
const [FIRST, END] = [20_000, 32_000];

/** A port on 127.0.0.1 on which nobody listens, and which nobody is given who asks for any. */
export function freePort(): number {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (END - FIRST));
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}
