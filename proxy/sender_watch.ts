/**
 * Notices that somebody has left whose bytes nobody takes: in an upload, a tunnel or a WebSocket that
 * stands still because the other side does not read.
 *
 * Nothing is read from such a sender, and so nobody sees it leave: Deno tells the end of a connection
 * to who reads it. The system's table of sockets does tell, on Linux; elsewhere it is noticed when the
 * other side goes on. Who has only ended its half has not left: a client's socket is still somebody's
 * then, and a server has left when it has reset its connection. What one that closed has said before is
 * the client's, who may take its time.
 *
 * What is ended is free at once, but for one thing: of a TLS connection with a server Deno keeps the
 * socket itself until the server takes what was written, or resets it, or the run ends.
 *
 * @module
 */
import type { Duplex } from "./duplex.ts";
import { type PeerAddress, SocketTable } from "./socket_table.ts";
import type { Timing } from "./timing.ts";

/** One direction of what goes through us. */
export interface Passage {
  readonly sender: Duplex;
  /** Who takes what it sends, or does not. */
  readonly receiver: Duplex;
  /** Another number whenever bytes have moved; null while the sender is read: then it is seen to leave. */
  readonly mark: number | null;
  /** The sender has left. */
  onLeft(): void;
  /** Nothing has moved for {@linkcode Timing.uploadStuckMs}; left out where that may be. */
  onStuck?(): void;
}

interface Watched {
  readonly passage: Passage;
  /** At the last look. */
  mark: number | null;
  /** What the receiver had not taken then, as far as the system tells. */
  unsent: string | null;
  /** Looks since something moved. */
  stillLooks: number;
}

/** The passages of one run. */
export class SenderWatch {
  readonly #timing: Pick<Timing, "senderLookMs" | "uploadStuckMs">;
  readonly #readTable: () => Promise<SocketTable>;
  readonly #watched = new Set<Watched>();
  #timer: ReturnType<typeof setInterval> | undefined;
  /** The look under way; one at a time, however long the system takes to say what there is. */
  #looking: Promise<void> | null = null;
  #isClosed = false;

  /** Nothing is watched. */
  constructor(
    timing: Pick<Timing, "senderLookMs" | "uploadStuckMs">,
    readTable: () => Promise<SocketTable> = SocketTable.read,
  ) {
    this.#timing = timing;
    this.#readTable = readTable;
  }

  /** Watches until what is returned is called, or the passage was told something. */
  watch(passage: Passage): () => void {
    // A request may come to its body while the run ends; all connections end with it.
    if (this.#isClosed) return () => {};
    const watched: Watched = { passage, mark: null, unsent: null, stillLooks: 0 };
    this.#watched.add(watched);
    this.#timer ??= this.#start();
    return () => void this.#watched.delete(watched);
  }

  /** Watches no more; resolves when nothing of it runs. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#rest();
    this.#watched.clear();
    await this.#looking;
  }

  #rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #start(): ReturnType<typeof setInterval> {
    const timer = setInterval(() => {
      this.#looking ??= this.#look().finally(() => this.#looking = null);
    }, this.#timing.senderLookMs);
    Deno.unrefTimer(timer as unknown as number);
    return timer;
  }

  async #look(): Promise<void> {
    // The next one starts it again: uploads that come and go cost no timer each.
    if (this.#watched.size === 0) return this.#rest();
    const unread = [...this.#watched].filter(isUnread);
    if (unread.length === 0) return;
    const table = await this.#readTable();
    const still = unread.filter((watched) => standsStill(watched, table));
    const left = still.filter(({ passage }) => hasLeft(passage.sender, table));
    // The system writes the table piece by piece, and one that changes meanwhile may lack a row.
    const again = left.length === 0 ? table : await this.#readTable();
    for (const watched of still) {
      const { passage, stillLooks } = watched;
      // It may have gone on, or ended, while the table was read.
      if (!this.#watched.has(watched) || passage.mark !== watched.mark) continue;
      const isGone = left.includes(watched) && hasLeft(passage.sender, again);
      const isStuck = stillLooks * this.#timing.senderLookMs >= this.#timing.uploadStuckMs;
      if (!isGone && !(isStuck && passage.onStuck !== undefined)) continue;
      this.#watched.delete(watched);
      if (isGone) passage.onLeft();
      else passage.onStuck?.();
    }
  }
}

/** Whether nobody reads the sender; one who is read moves. */
function isUnread(watched: Watched): boolean {
  if (watched.passage.mark !== null) return true;
  watched.mark = null;
  watched.stillLooks = 0;
  return false;
}

/** Whether nothing has moved since the last look: neither through us nor from the system to the receiver. */
function standsStill(watched: Watched, table: SocketTable): boolean {
  const { mark, receiver } = watched.passage;
  const ends = endsOf(receiver);
  const unsent = ends === null ? null : table.unsentOf(ends);
  const isStill = mark !== null && mark === watched.mark && unsent === watched.unsent;
  watched.mark = mark;
  watched.unsent = unsent;
  watched.stillLooks = isStill ? watched.stillLooks + 1 : 0;
  return isStill;
}

/** As far as the table tells. Of a client, all: it is on this machine. Of a server, that it was reset. */
function hasLeft(sender: Duplex, table: SocketTable): boolean {
  const { address } = sender;
  if (address === null) return true;
  if (address !== undefined) return table.hasLeft(address);
  const ends = endsOf(sender);
  return ends !== null && table.isReset(ends);
}

/** Null where they are not known. */
function endsOf(
  connection: Duplex & Partial<Pick<Deno.Conn, "localAddr" | "remoteAddr">>,
): PeerAddress | null {
  const { address, localAddr, remoteAddr } = connection;
  if (address !== undefined) return address;
  // Not by their transport: Deno 2.9.6 leaves it out behind Deno.startTls.
  if (localAddr === undefined || !("port" in localAddr)) return null;
  if (remoteAddr === undefined || !("port" in remoteAddr)) return null;
  return { localPort: localAddr.port, remotePort: remoteAddr.port };
}
