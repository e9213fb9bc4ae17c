/**
 * A crowd before a door where nobody is let in.
 *
 * @module
 */

/** A connection has so many moments to come about: a process that stood still skips one of them. */
const MOMENTS = 10;
const MOMENT_MS = 50;

/** As many connections as the system lets wait at the port of a listener that accepts none. */
export async function standBefore(port: number): Promise<Deno.Conn[]> {
  const crowd: Deno.Conn[] = [];
  for (;;) {
    const patience = new AbortController();
    const connecting = Deno.connect({ hostname: "127.0.0.1", port, signal: patience.signal });
    let isDecided = false;
    const decided = connecting.then(() => isDecided = true, () => isDecided = true);
    for (let moment = 0; moment < MOMENTS && !isDecided; moment++) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, MOMENT_MS);
      await Promise.race([decided, promise]);
      clearTimeout(timer);
    }
    patience.abort();
    const next = await connecting.catch(() => null);
    // It stands outside.
    if (next === null) return crowd;
    crowd.push(next);
  }
}
