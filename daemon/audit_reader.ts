/**
 * Reading the audit log: newest entries first for people, oldest first for verification. Memory stays
 * flat however long the log is.
 *
 * @module
 */
import {
  type AuditLine,
  type ChainHead,
  type ChainReport,
  parseAuditLine,
  verifyAuditChain,
} from "../core/audit_chain.ts";
import { auditFiles, sha256 } from "./audit_log.ts";

/** Which entries; every given field must fit. */
export interface AuditFilter {
  readonly event?: string | undefined;
  readonly provider?: string | undefined;
  readonly connection?: string | undefined;
  readonly identity?: string | undefined;
  readonly run?: string | undefined;
  readonly status?: string | undefined;
  /** Not older than this. */
  readonly from?: Date | undefined;
  /** Older than this. */
  readonly to?: Date | undefined;
}

/** One page of entries, newest first. */
export interface AuditPage {
  readonly entries: readonly AuditLine[];
  /** Pass as `before` for the next page; null at the end. */
  readonly next_cursor: number | null;
}

const CHUNK = 64 * 1024;
/** A search for something rare stops here and hands out a cursor, so that no request reads for minutes. */
const MAX_LINES_PER_PAGE = 200_000;

/** Up to `limit` entries older than sequence number `before`, newest first. */
export async function readAuditPage(
  path: string,
  filter: AuditFilter,
  limit: number,
  before: number = Number.MAX_SAFE_INTEGER,
): Promise<AuditPage> {
  const entries: AuditLine[] = [];
  let seen = 0;
  let last = before;
  for (const file of auditFiles(path).reverse()) {
    for await (const bytes of linesBackwards(file)) {
      const line = parseAuditLine(new TextDecoder().decode(bytes));
      if (line === null || line.seq >= before) continue;
      last = line.seq;
      if (fits(line, filter)) entries.push(line);
      if (entries.length === limit || ++seen === MAX_LINES_PER_PAGE) {
        return { entries, next_cursor: last > 1 ? last : null };
      }
    }
  }
  return { entries, next_cursor: null };
}

/** Verifies every line of the log; `expected` is the head the daemon itself wrote last. */
export function verifyAuditLog(
  path: string,
  key: string,
  expected: ChainHead,
): Promise<ChainReport> {
  return verifyAuditChain(linesForwards(auditFiles(path)), { sha256, key, expected });
}

function fits(line: AuditLine, filter: AuditFilter): boolean {
  for (const name of ["event", "provider", "connection", "identity", "run", "status"] as const) {
    if (filter[name] !== undefined && filter[name] !== line[name]) return false;
  }
  const time = Date.parse(line.timestamp);
  return (filter.from === undefined || time >= filter.from.getTime()) &&
    (filter.to === undefined || time < filter.to.getTime());
}

async function* linesForwards(files: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const path of files) {
    using file = await Deno.open(path, { read: true });
    const buffer = new Uint8Array(4 * CHUNK);
    let rest: Uint8Array = new Uint8Array(0);
    for (;;) {
      const n = await file.read(buffer);
      if (n === null) break;
      const bytes = rest.length === 0 ? buffer.subarray(0, n) : concat(rest, buffer.subarray(0, n));
      let from = 0;
      for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
        yield bytes.subarray(from, end);
        from = end + 1;
      }
      rest = bytes.slice(from);
    }
    if (rest.length > 0) yield rest;
  }
}

async function* linesBackwards(path: string): AsyncGenerator<Uint8Array> {
  using file = await Deno.open(path, { read: true });
  let position = (await file.stat()).size;
  let rest: Uint8Array = new Uint8Array(0);
  while (position > 0) {
    const size = Math.min(CHUNK, position);
    position -= size;
    await file.seek(position, Deno.SeekMode.Start);
    const bytes = concat(await readExactly(file, size), rest);
    let end = bytes.length;
    for (let at = bytes.lastIndexOf(10, end - 1); at >= 0; at = bytes.lastIndexOf(10, end - 1)) {
      if (at + 1 < end) yield bytes.subarray(at + 1, end);
      end = at;
      if (end === 0) break;
    }
    rest = bytes.slice(0, end);
  }
  if (rest.length > 0) yield rest;
}

async function readExactly(file: Deno.FsFile, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  for (let n = 0; n < size;) {
    const read = await file.read(bytes.subarray(n));
    if (read === null) return bytes.subarray(0, n);
    n += read;
  }
  return bytes;
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
}
