/**
 * What is appended to a file, as it comes.
 *
 * @module
 */
import { pause } from "../core/pause.ts";

const POLL_MS = 200;

/** Text that appears behind byte `from` until `signal` aborts; begins anew when the file is replaced. */
export async function* followFile(
  path: string,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let at = from;
  let inode: number | null = null;
  while (!signal.aborted) {
    const info = await Deno.stat(path).catch(() => null);
    if (info !== null && ((inode !== null && info.ino !== inode) || info.size < at)) at = 0;
    inode = info?.ino ?? inode;
    if (info !== null && info.size > at) {
      const bytes = await readFrom(path, at);
      at += bytes.length;
      yield decoder.decode(bytes, { stream: true });
    } else {
      await pause(POLL_MS, signal);
    }
  }
}

/** Nothing when the file has gone since it was looked at: it was renamed to make room. */
async function readFrom(path: string, at: number): Promise<Uint8Array> {
  const opened = await Deno.open(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  });
  if (opened === null) return new Uint8Array();
  using file = opened;
  await file.seek(at, Deno.SeekMode.Start);
  const buffer = new Uint8Array(64 * 1024);
  return buffer.subarray(0, await file.read(buffer) ?? 0);
}
