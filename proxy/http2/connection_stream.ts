/**
 * A connection of the dialler as a Node stream, which is what an HTTP/2 session is built on.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { Duplex as NodeStream } from "node:stream";
import { closeQuietly, type Duplex, writeAll } from "../duplex.ts";

const PIECE_BYTES = 64 * 1024;

/** Wraps `connection`; destroying the stream closes it. */
export function connectionStream(connection: Duplex): NodeStream {
  const stream: NodeStream = new NodeStream({
    read() {
      const piece = new Uint8Array(PIECE_BYTES);
      connection.read(piece).then(
        (count) => stream.push(count === null ? null : Buffer.from(piece.buffer, 0, count)),
        (error) => stream.destroy(error),
      );
    },
    write(bytes: Uint8Array, _encoding, done) {
      writeAll(connection, bytes).then(() => done(), done);
    },
    final(done) {
      connection.closeWrite().then(() => done(), () => done());
    },
    destroy(error, done) {
      closeQuietly(connection);
      done(error);
    },
  });
  return stream;
}
