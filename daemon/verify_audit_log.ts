/**
 * Verifies the audit log on disk, every file of it, and names the file and the line where it stops
 * being what the daemon wrote.
 *
 * @module
 */
import type { AuditReport } from "../core/api.ts";
import type { ChainHead } from "../core/audit_chain.ts";
import { verifyAuditChain } from "../core/verify_audit_chain.ts";
import { auditFiles, openIfThere, sha256 } from "./audit_files.ts";

/** The writer's side of a verification. */
export interface WrittenLog {
  readonly path: string;
  /** `did:key` that checkpoints are signed with. */
  readonly key: string;
  /** The last line that was written so far. */
  readonly head: ChainHead;
}

/** Verifies what `log` has written; lines may be appended to it meanwhile. */
export async function verifyAuditLog(log: WrittenLog): Promise<AuditReport> {
  const files = auditFiles(log.path);
  const lines = new AuditLines(files);
  const report = await verifyAuditChain(lines.read(), {
    sha256,
    key: log.key,
    expected: log.head,
    lastWritten: () => log.head.seq,
  });
  const { head, fault, ...counts } = report;
  if (fault === null) return { ...counts, files: files.length, head_seq: head.seq, fault };
  const { file, line } = lines.locate(fault.line);
  const message = `${file} line ${line} ${
    fault.message.replaceAll(/\bline (\d+)/g, (_, n) => {
      const other = lines.locate(Number(n));
      return other.file === file ? `line ${other.line}` : `${other.file} line ${other.line}`;
    })
  }`;
  return {
    ...counts,
    files: files.length,
    head_seq: head.seq,
    fault: { file, line, seq: fault.seq, problem: fault.problem, message },
  };
}

const CHUNK = 256 * 1024;
/** A line is far shorter; what goes on without a break so long is none of ours. */
const MAX_LINE = 1024 * 1024;

/** The lines of several files, one chunk at a time. */
class AuditLines {
  readonly #files: readonly string[];
  /** Lines in front of each file that was begun. */
  readonly #before: number[] = [];

  constructor(files: readonly string[]) {
    this.#files = files;
  }

  /** Batches of lines without their breaks, good until the next batch is asked for. */
  async *read(): AsyncGenerator<readonly Uint8Array[]> {
    let count = 0;
    const buffer = new Uint8Array(CHUNK);
    for (const path of this.#files) {
      this.#before.push(count);
      using file = await openIfThere(path);
      if (file === null) continue;
      let rest: Uint8Array = new Uint8Array(0);
      for (;;) {
        const n = await file.read(buffer);
        if (n === null) break;
        const bytes = rest.length === 0
          ? buffer.subarray(0, n)
          : concat(rest, buffer.subarray(0, n));
        const batch: Uint8Array[] = [];
        let from = 0;
        for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
          batch.push(bytes.subarray(from, end));
          from = end + 1;
        }
        rest = bytes.slice(from);
        if (rest.length > MAX_LINE) batch.push(rest.subarray(0, 0));
        count += batch.length;
        if (batch.length > 0) yield batch;
      }
      if (rest.length === 0) continue;
      count++;
      yield [rest];
    }
  }

  /** File name and line in it, of a line counted over all files. */
  locate(line: number): { readonly file: string; readonly line: number } {
    const at = Math.max(this.#before.findLastIndex((before) => before < line), 0);
    const path = this.#files[at]!;
    return {
      file: path.slice(path.lastIndexOf("/") + 1),
      line: line - (this.#before[at] ?? 0),
    };
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
}
