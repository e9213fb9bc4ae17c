/**
 * A TCP relay between the proxy and a server that can play a network which went away: what was
 * connected stays so, and nothing arrives any more on either side.
 *
 * @module
 */

/** A running relay. */
export interface SwallowingRelay extends AsyncDisposable {
  /** Stands for the server's. */
  readonly port: number;
  /** Connections so far. */
  readonly count: () => number;
  /** From now on nothing passes on the connections that are there; new ones work. */
  swallow(): void;
}

/** Starts one in front of `serverPort` on 127.0.0.1. */
export function startSwallowingRelay(serverPort: number): SwallowingRelay {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open: { isLost: boolean; readonly ends: readonly Deno.Conn[] }[] = [];
  const pumps: Promise<void>[] = [];
  const accepting = (async () => {
    for await (const client of listener) {
      const server = await Deno.connect({ hostname: "127.0.0.1", port: serverPort });
      const way = { isLost: false, ends: [client, server] };
      open.push(way);
      pumps.push(pump(client, server, way), pump(server, client, way));
    }
  })();
  return {
    port: (listener.addr as Deno.NetAddr).port,
    count: () => open.length,
    swallow: () => open.forEach((way) => way.isLost = true),
    [Symbol.asyncDispose]: async () => {
      listener.close();
      await accepting;
      for (const end of open.flatMap(({ ends }) => ends)) closed(end);
      await Promise.all(pumps);
    },
  };
}

async function pump(
  from: Deno.Conn,
  to: Deno.Conn,
  way: { readonly isLost: boolean },
): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  try {
    for (let count; (count = await from.read(buffer)) !== null;) {
      for (let at = 0; at < count && !way.isLost;) at += await to.write(buffer.subarray(at, count));
    }
  } catch { /* one of them has ended */ }
  if (!way.isLost) closed(to);
}

function closed(end: Deno.Conn): void {
  try {
    end.close();
  } catch { /* before */ }
}
