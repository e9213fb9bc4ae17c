/**
 * Two listeners at the same port of this machine, one for each family of addresses.
 *
 * @module
 */

/** On 127.0.0.1 and on ::1. */
export function listenOnBoth(
  options: { readonly tcpBacklog?: number } = {},
): { readonly four: Deno.TcpListener; readonly six: Deno.TcpListener } {
  for (;;) {
    const four = Deno.listen({ hostname: "127.0.0.1", port: 0, ...options });
    try {
      return { four, six: Deno.listen({ hostname: "::1", port: four.addr.port }) };
    } catch (error) {
      four.close();
      // Somebody else's; the next one is free.
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}
