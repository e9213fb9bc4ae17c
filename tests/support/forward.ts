/**
 * Carries connections from one address to another: what `ssh -R`, `socat` or a mounted socket do for a
 * container. A unix socket passes between network namespaces, a port of 127.0.0.1 does not.
 *
 * As a program: `forward.ts FROM TO`, each `unix:PATH` or `tcp:PORT`; it prints a line when it listens.
 *
 * @module
 */

/** `unix:PATH`, or `tcp:PORT` on 127.0.0.1. */
export type Place = `unix:${string}` | `tcp:${number}`;

/** Listens at `from`; each connection goes to `to`. */
export function forward(from: Place, to: Place): Disposable {
  const listener = listen(from);
  const open = new Set<Deno.Conn>();
  const serve = async () => {
    for await (const conn of listener) {
      open.add(conn);
      void join(conn, to, open).finally(() => open.delete(conn));
    }
  };
  void serve().catch(() => {});
  return {
    [Symbol.dispose]() {
      listener.close();
      for (const conn of open) close(conn);
    },
  };
}

async function join(conn: Deno.Conn, to: Place, open: Set<Deno.Conn>): Promise<void> {
  const other = await connect(to).catch(() => null);
  if (other === null) return close(conn);
  open.add(other);
  const ways = [
    conn.readable.pipeTo(other.writable),
    other.readable.pipeTo(conn.writable),
  ];
  // Where one way breaks, the other is of no use.
  await Promise.all(ways).catch(() => {});
  await Promise.allSettled(ways.map((way) => {
    close(conn);
    close(other);
    return way;
  }));
  open.delete(other);
}

function listen(place: Place): Deno.Listener {
  const [kind, rest] = split(place);
  return kind === "unix"
    ? Deno.listen({ transport: "unix", path: rest }) as unknown as Deno.Listener
    : Deno.listen({ hostname: "127.0.0.1", port: Number(rest) });
}

async function connect(place: Place): Promise<Deno.Conn> {
  const [kind, rest] = split(place);
  return kind === "unix"
    ? await Deno.connect({ transport: "unix", path: rest })
    : await Deno.connect({ hostname: "127.0.0.1", port: Number(rest) });
}

function split(place: Place): [kind: string, rest: string] {
  const at = place.indexOf(":");
  return [place.slice(0, at), place.slice(at + 1)];
}

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch { /* closed already */ }
}

if (import.meta.main) {
  const [from, to] = Deno.args as [Place, Place];
  forward(from, to);
  Deno.stdout.writeSync(new TextEncoder().encode("listening\n"));
}
