/**
 * The system's table of TCP connections, for the two ends of those that a client on loopback made.
 * Linux only (`/proc`).
 *
 * @module
 */

/** The two ends of an accepted connection. */
export interface PeerAddress {
  /** Our port. */
  readonly localPort: number;
  /** The client's port. */
  readonly remotePort: number;
}

/** Of a socket that no process holds any more. */
const ORPHAN = "0";

/** The table as it was when it was read. */
export class SocketTable {
  readonly #rows: readonly (readonly string[])[];

  /** `rows` as in `/proc/net/tcp`. */
  constructor(rows: string) {
    this.#rows = rows.split("\n").map((row) => row.trim().split(/\s+/));
  }

  /** Reads it; without a row where this machine has none to read. */
  static async read(): Promise<SocketTable> {
    const read = (path: string) => Deno.readTextFile(path).catch(() => "");
    const [four, six] = await Promise.all([read("/proc/net/tcp"), read("/proc/net/tcp6")]);
    return new SocketTable(`${four}\n${six}`);
  }

  /** Inode of the client's socket: the row with its port as local and ours as remote; or null. */
  inodeOf({ localPort, remotePort }: PeerAddress): string | null {
    for (const [, local, remote, , , , , , , inode] of this.#rows) {
      // 127.0.0.1, as it is or inside an IPv6 socket; both little-endian.
      if (local === undefined || !/^(?:0{16}FFFF0000)?0100007F:/.test(local)) continue;
      if (local.endsWith(`:${hex(remotePort)}`) && remote?.endsWith(`:${hex(localPort)}`)) {
        return inode ?? null;
      }
    }
    return null;
  }

  /** Whether the client has closed its socket, or its process has ended; false where that is not known. */
  hasLeft(peer: PeerAddress): boolean {
    const inode = this.inodeOf(peer);
    if (inode !== null) return inode === ORPHAN;
    // A table in which even the port that we listen on is missing says nothing.
    return this.#rows.some(([, local]) => local?.endsWith(`:${hex(peer.localPort)}`));
  }
}

function hex(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, "0");
}
