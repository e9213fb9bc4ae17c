/**
 * The system's table of TCP connections: both ends of those that a client on loopback made, our end of
 * all others. Linux only (`/proc`).
 *
 * @module
 */

/** The two ends of a connection. */
export interface PeerAddress {
  /** Our port. */
  readonly localPort: number;
  /** The peer's port. */
  readonly remotePort: number;
}

/** Of a socket that no process holds any more. */
const ORPHAN = "0";
/** State of a socket that listens. */
const LISTEN = "0A";

/** A row as it begins: the two ports, and the state. */
const ROW = /^ *\d+: [0-9A-F]+(:[0-9A-F]{4}) [0-9A-F]+(:[0-9A-F]{4}) ([0-9A-F]{2})/;

/** The table as it was when it was read. */
export class SocketTable {
  /** By their two ports: hundreds are asked for at once, out of thousands. */
  readonly #rows = new Map<string, string[]>();
  /** A table in which nobody listens, not even we, is none. */
  #isFilled = false;

  /** `text` as in `/proc/net/tcp`. */
  constructor(text: string) {
    for (const row of text.split("\n")) {
      const [, local, remote, state] = ROW.exec(row) ?? [];
      if (state === undefined) continue;
      this.#isFilled ||= state === LISTEN;
      const ports = `${local}${remote}`;
      const others = this.#rows.get(ports);
      if (others === undefined) this.#rows.set(ports, [row]);
      else others.push(row);
    }
  }

  /** Reads it; without a row where this machine has none to read. */
  static async read(): Promise<SocketTable> {
    const read = (path: string) => Deno.readTextFile(path);
    try {
      const [four, six] = await Promise.all([
        read("/proc/net/tcp"),
        read("/proc/net/tcp6").catch(emptyWithoutIpv6),
      ]);
      return new SocketTable(`${four}\n${six}`);
    } catch {
      // Half a table would say of the other half that it is gone.
      return new SocketTable("");
    }
  }

  /** Inode of the client's socket: the row with its port as local and ours as remote; or null. */
  inodeOf({ localPort, remotePort }: PeerAddress): string | null {
    // 127.0.0.1, as it is or inside an IPv6 socket; both little-endian.
    const row = this.#rowsOf(remotePort, localPort).find(([, local = ""]) =>
      /^(?:0{16}FFFF0000)?0100007F:/.test(local)
    );
    return row?.[9] ?? null;
  }

  /**
   * Whether a client on this machine has closed its socket, or its process has ended; not one that has
   * ended its half alone. False where that is not known.
   */
  hasLeft({ localPort, remotePort }: PeerAddress): boolean {
    return this.#isFilled &&
      !this.#rowsOf(remotePort, localPort).some(([, , , , , , , , , inode]) => inode !== ORPHAN);
  }

  /** Whether our end of a connection is gone: the peer has reset it. False where that is not known. */
  isReset({ localPort, remotePort }: PeerAddress): boolean {
    return this.#isFilled && this.#rowsOf(localPort, remotePort).length === 0;
  }

  /** What the peer has not taken of what was sent at our end, in words of the system; null: not known. */
  unsentOf({ localPort, remotePort }: PeerAddress): string | null {
    const [row] = this.#rowsOf(localPort, remotePort);
    return row?.[4]?.split(":")[0] ?? null;
  }

  /** That another connection has the same two only hides what became of this one. */
  #rowsOf(localPort: number, remotePort: number): readonly (readonly string[])[] {
    const rows = this.#rows.get(`:${hex(localPort)}:${hex(remotePort)}`) ?? [];
    return rows.map((row) => row.trim().split(/\s+/));
  }
}

function emptyWithoutIpv6(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "";
  throw error;
}

function hex(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, "0");
}
