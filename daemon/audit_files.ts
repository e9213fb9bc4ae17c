/**
 * The files of the audit log: the current one and those it was rotated to, and how the last of them
 * ends.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { type ChainHead, EMPTY_CHAIN, parseAuditLine } from "../core/audit_chain.ts";

/** How much of a file's end is read at the start; reading all of a large log would slow every start. */
const TAIL_BYTES = 256 * 1024;

/** SHA-256 of bytes, hex, at once. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Where the log at `path` goes when it is full with line `seq`. */
export function rotatedPath(path: string, seq: number): string {
  return `${path.replace(/\.log$/, "")}.${String(seq).padStart(12, "0")}.log`;
}

/** Rotated files of the log at `path`, oldest first, then the log itself. */
export function auditFiles(path: string): string[] {
  const folder = path.slice(0, path.lastIndexOf("/"));
  const stem = path.slice(path.lastIndexOf("/") + 1).replace(/\.log$/, "");
  const isRotated = new RegExp(`^${RegExp.escape(stem)}\\.\\d{12}\\.log$`);
  const rotated = [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => isRotated.test(name));
  return [...rotated.sort().map((name) => `${folder}/${name}`), path];
}

/** One of them; null when somebody took it away meanwhile, which a verification says. */
export async function openIfThere(path: string): Promise<Deno.FsFile | null> {
  try {
    return await Deno.open(path, { read: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** How a log file ends. */
export interface AuditTail {
  /** The last whole line; null when it is not one of ours. */
  readonly head: ChainHead | null;
  /** Bytes up to and with the last line break. */
  readonly size: number;
  /** Bytes of a line that was never finished. */
  readonly dropped: number;
  /** SHA-256 of the line with this sequence number, where it is near the end; null where it is not. */
  readonly hashOf: (seq: number) => string | null;
}

/** Reads a file's end; one without a whole line goes on where the newest rotated file ended. */
export function readAuditTail(file: Deno.FsFile, path: string): AuditTail {
  const size = file.statSync().size;
  const from = Math.max(0, size - TAIL_BYTES);
  const bytes = readAt(file, from, size - from);
  const end = bytes.lastIndexOf(10);
  const dropped = bytes.length - end - 1;
  if (end < 0) return { head: rotatedHead(path), size: from, dropped, hashOf: () => null };
  const last = bytes.subarray(bytes.subarray(0, end).lastIndexOf(10) + 1, end);
  const seq = seqOf(last);
  return {
    head: seq === null ? null : { seq, hash: sha256(last) },
    size: from + end + 1,
    dropped,
    hashOf: (wanted) => hashOfLine(bytes.subarray(0, end), wanted),
  };
}

function hashOfLine(bytes: Uint8Array, wanted: number): string | null {
  for (let end = bytes.length; end > 0;) {
    const start = bytes.subarray(0, end).lastIndexOf(10) + 1;
    const line = bytes.subarray(start, end);
    if (seqOf(line) === wanted) return sha256(line);
    end = start - 1;
  }
  return null;
}

function seqOf(line: Uint8Array): number | null {
  return parseAuditLine(new TextDecoder().decode(line))?.seq ?? null;
}

function rotatedHead(path: string): ChainHead | null {
  const newest = auditFiles(path).at(-2);
  if (newest === undefined) return EMPTY_CHAIN;
  using file = Deno.openSync(newest, { read: true });
  const { size } = file.statSync();
  return size === 0 ? null : readAuditTail(file, newest).head;
}

function readAt(file: Deno.FsFile, from: number, size: number): Uint8Array {
  file.seekSync(from, Deno.SeekMode.Start);
  const bytes = new Uint8Array(size);
  for (let n = 0; n < size;) {
    const read = file.readSync(bytes.subarray(n));
    if (read === null) return bytes.subarray(0, n);
    n += read;
  }
  return bytes;
}
