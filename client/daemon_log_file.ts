/**
 * `server/logs/daemon.log` from outside: made with its mode, kept small, read from its end.
 *
 * @module
 */
import type { HomePaths } from "../core/paths.ts";

/** Above this it becomes `daemon.log.1` before the next start. */
const MAX_LOG_BYTES = 10 << 20;
/** What is read from the end. */
const TAIL_BYTES = 256 << 10;

/** Makes the log if it is missing and moves a large one aside; returns its size in bytes. */
export function openDaemonLog(paths: HomePaths): number {
  const path = paths.server.daemonLog;
  if (sizeOf(path) > MAX_LOG_BYTES) Deno.renameSync(path, `${path}.1`);
  Deno.openSync(path, { create: true, append: true, mode: 0o600 }).close();
  return sizeOf(path);
}

/** The last `count` lines at or behind byte `from`; none when there is no log. */
export function tailDaemonLog(paths: HomePaths, count: number, from = 0): string[] {
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(paths.server.daemonLog, { read: true });
  } catch {
    return [];
  }
  try {
    const size = file.statSync().size;
    const start = Math.max(from, size - TAIL_BYTES);
    file.seekSync(start, Deno.SeekMode.Start);
    const buffer = new Uint8Array(Math.max(0, size - start));
    let length = 0;
    for (let n = file.readSync(buffer); n !== null && n > 0;) {
      length += n;
      n = file.readSync(buffer.subarray(length));
    }
    const lines = new TextDecoder().decode(buffer.subarray(0, length)).split("\n");
    return lines.filter((line) => line.trim() !== "").slice(-count);
  } finally {
    file.close();
  }
}

function sizeOf(path: string): number {
  try {
    return Deno.lstatSync(path).size;
  } catch {
    return 0;
  }
}
