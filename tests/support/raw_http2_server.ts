/**
 * A server that speaks just enough of HTTP/2's framing for a test to see the header blocks of a real
 * client as they come, and to answer with blocks of its own.
 *
 * @module
 */

/** Frame types and flags of RFC 9113 section 6. */
const HEADERS = 1;
const SETTINGS = 4;
const PING = 6;
const GOAWAY = 7;
const CONTINUATION = 9;
const ACK = 1;
const END_STREAM = 1;
const END_HEADERS = 4;

const PREFACE_BYTES = 24;
const MAX_FRAME_BYTES = 16_384;
const HEADER_TABLE_SIZE = 1;

/** A whole header block of the client, without padding and priority: Node sends neither. */
export interface SentBlock {
  readonly streamId: number;
  readonly block: Uint8Array;
}

/** One connection, read by whoever asks for the next block. */
export class RawHttp2Peer implements Disposable {
  readonly #connection: Deno.Conn;
  #unread = new Uint8Array();

  private constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  /** Waits for a client and greets it. */
  static async accept(listener: Deno.TcpListener): Promise<RawHttp2Peer> {
    const connection = await listener.accept();
    connection.setNoDelay();
    const peer = new RawHttp2Peer(connection);
    await peer.#send(SETTINGS, 0, 0, new Uint8Array());
    await peer.#read(PREFACE_BYTES);
    return peer;
  }

  /** The next block; answers SETTINGS and PING on the way. @throws When the client leaves */
  async nextBlock(): Promise<SentBlock> {
    const pieces: Uint8Array[] = [];
    for (;;) {
      const head = await this.#read(9);
      const [type, flags] = [head[3]!, head[4]!];
      const streamId = new DataView(head.buffer).getUint32(5);
      const payload = await this.#read(head[0]! << 16 | head[1]! << 8 | head[2]!);
      if (type === SETTINGS && flags !== ACK) await this.#send(SETTINGS, ACK, 0, new Uint8Array());
      if (type === PING && flags !== ACK) await this.#send(PING, ACK, 0, payload);
      if (type === GOAWAY) throw new Error(`the client goes away, code ${payload[7]}`);
      if (type !== HEADERS && type !== CONTINUATION) continue;
      pieces.push(payload);
      if ((flags & END_HEADERS) !== 0) return { streamId, block: join(pieces) };
    }
  }

  /** Sends an answer without a body: a block, in as many frames as it needs. */
  async answer({ streamId, block }: SentBlock): Promise<void> {
    let at = 0;
    do {
      const piece = block.subarray(at, at + MAX_FRAME_BYTES);
      const flags = at + piece.length === block.length ? END_HEADERS : 0;
      if (at === 0) await this.#send(HEADERS, flags | END_STREAM, streamId, piece);
      else await this.#send(CONTINUATION, flags, streamId, piece);
      at += piece.length;
    } while (at < block.length);
  }

  /** Tells the client how large the table of its encoder may be. */
  async limitTable(bytes: number): Promise<void> {
    const payload = new Uint8Array(6);
    payload[1] = HEADER_TABLE_SIZE;
    new DataView(payload.buffer).setUint32(2, bytes);
    await this.#send(SETTINGS, 0, 0, payload);
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }

  async #send(type: number, flags: number, streamId: number, payload: Uint8Array): Promise<void> {
    const frame = new Uint8Array(9 + payload.length);
    const view = new DataView(frame.buffer);
    view.setUint32(0, payload.length << 8 | type);
    frame[4] = flags;
    view.setUint32(5, streamId);
    frame.set(payload, 9);
    for (let at = 0; at < frame.length;) at += await this.#connection.write(frame.subarray(at));
  }

  async #read(count: number): Promise<Uint8Array> {
    while (this.#unread.length < count) {
      const buffer = new Uint8Array(65_536);
      const got = await this.#connection.read(buffer);
      if (got === null) throw new Error("the client has left");
      this.#unread = join([this.#unread, buffer.subarray(0, got)]);
    }
    const bytes = this.#unread.slice(0, count);
    this.#unread = this.#unread.subarray(count);
    return bytes;
  }
}

function join(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  pieces.reduce((at, piece) => (all.set(piece, at), at + piece.length), 0);
  return all;
}
