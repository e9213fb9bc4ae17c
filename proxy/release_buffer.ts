/**
 * Gives the memory of read bytes back at once instead of at the next garbage collection. V8 hardly
 * counts the buffers of sockets: without this an upload fills 200 MB with bytes that nobody needs any
 * more.
 *
 * @module
 */
import type { Socket } from "node:net";

/** Small ones are collected with everything else; giving them back one by one costs more. */
const WORTH_BYTES = 4 * 1024;

/**
 * Empties a piece that a socket emitted and that was copied. A piece of a larger buffer stays: others
 * may hold the rest of it.
 */
export function releaseBuffer({ buffer, byteLength }: Uint8Array): void {
  if (byteLength !== buffer.byteLength) return;
  if (byteLength < WORTH_BYTES || !(buffer instanceof ArrayBuffer)) return;
  // Detaches it, which frees what it held.
  buffer.transfer(0);
}

/** The part of a socket's handle that takes bytes from TCP; internal to Node and Deno. */
interface Handle {
  onread?(bytes: unknown): void;
}

/** These copy encrypted bytes before they return; that others do is not known. */
const COPIES_AT_ONCE = /^2\.9\./;

/**
 * The same for the encrypted bytes beneath a `TLSSocket`, which are copied and then left alone; said
 * before anything was read through it. In a Deno that we do not know it does nothing.
 */
export function releaseEncrypted(socket: Socket): void {
  const handle = (socket as unknown as { _handle?: Handle })._handle;
  const onread = handle?.onread;
  if (handle === undefined || onread === undefined) return;
  if (!COPIES_AT_ONCE.test(Deno.version.deno)) return;
  handle.onread = function (bytes) {
    onread.call(this, bytes);
    if (bytes instanceof ArrayBuffer) releaseBuffer(new Uint8Array(bytes));
  };
}
