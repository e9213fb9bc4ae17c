/**
 * A crowd before a door where nobody is let in.
 *
 * @module
 */

/** As many connections as the system lets wait at the port of a listener that accepts none. */
export async function standBefore(port: number): Promise<Deno.Conn[]> {
  const crowd: Deno.Conn[] = [];
  for (;;) {
    const signal = AbortSignal.timeout(500);
    const next = await Deno.connect({ hostname: "127.0.0.1", port, signal }).catch(() => null);
    // It stands outside.
    if (next === null) return crowd;
    crowd.push(next);
  }
}
