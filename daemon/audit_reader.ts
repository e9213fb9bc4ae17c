/**
 * Reading the audit log, newest entries first. Memory stays flat however long the log is.
 *
 * @module
 */
import { type AuditLine, parseAuditLine } from "../core/audit_chain.ts";
import type { AuditFilter, AuditPage } from "../core/api.ts";
import { joinBytes } from "../core/join_bytes.ts";
import { auditFiles, openIfThere } from "./audit_files.ts";

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
  for await (const line of newestLines(path, before)) {
    last = line.seq;
    if (fits(line, filter)) entries.push(line);
    if (entries.length === limit || ++seen === MAX_LINES_PER_PAGE) {
      return { entries, next_cursor: last > 1 ? String(last) : null };
    }
  }
  return { entries, next_cursor: null };
}

/** Entries older than sequence number `before`, newest first. What is no entry is left out. */
export async function* newestLines(
  path: string,
  before: number = Number.MAX_SAFE_INTEGER,
): AsyncGenerator<AuditLine> {
  const decoder = new TextDecoder();
  for (const file of filesBefore(path, before)) {
    for await (const bytes of linesBackwards(file)) {
      const line = parseAuditLine(decoder.decode(bytes));
      if (line !== null && line.seq < before) yield line;
    }
  }
}

/** Newest first, without those that begin at `before` or behind it: a page far back is as quick. */
function filesBefore(path: string, before: number): string[] {
  const files = auditFiles(path);
  return files.filter((_, i) => i === 0 || lastSeqOf(files[i - 1]!) + 1 < before).reverse();
}

/** A rotated file is named after its last line. */
function lastSeqOf(file: string): number {
  return Number(/\.(\d+)\.log$/.exec(file)?.[1] ?? 0);
}

function fits(line: AuditLine, filter: AuditFilter): boolean {
  for (const name of ["event", "provider", "connection", "identity", "status"] as const) {
    if (filter[name] !== undefined && filter[name] !== line[name]) return false;
  }
  // The beginning of an id is enough, as tables show it.
  if (filter.run !== undefined && !line.run?.startsWith(filter.run)) return false;
  const time = Date.parse(line.timestamp);
  return (filter.from === undefined || time >= Date.parse(filter.from)) &&
    (filter.to === undefined || time < Date.parse(filter.to));
}

async function* linesBackwards(path: string): AsyncGenerator<Uint8Array> {
  using file = await openIfThere(path);
  if (file === null) return;
  let position = (await file.stat()).size;
  let rest: Uint8Array = new Uint8Array(0);
  while (position > 0) {
    const size = Math.min(CHUNK, position);
    position -= size;
    await file.seek(position, Deno.SeekMode.Start);
    const bytes = joinBytes([await readExactly(file, size), rest]);
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
