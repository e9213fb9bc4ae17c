/**
 * The audit log on disk: `server/logs/audit.log`, one JSON line for each decision, appended and
 * synced before the decision is acknowledged.
 *
 * A line that a crash cut in half was never acknowledged: it is taken off at the next start and the
 * log says so. Rotation renames the full file to `audit.<last seq>.log`; the chain goes on in the
 * new one.
 *
 * @module
 */
import { createHash, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import {
  type AuditEvent,
  type ChainHead,
  checkpointMessage,
  EMPTY_CHAIN,
  formatAuditLine,
  parseAuditLine,
} from "../core/audit_chain.ts";
import { StoreUnavailableError } from "../core/errors.ts";

/** Signs checkpoints. */
export interface AuditSigner {
  /** `did:key` of the key. */
  readonly did: string;
  readonly privateKey: KeyObject;
}

/** How an audit log is opened. */
export interface AuditLogOptions {
  /** `server/logs/audit.log`. */
  readonly path: string;
  readonly signer: AuditSigner;
  readonly now: () => Date;
  /** Size in bytes at which the file is rotated. */
  readonly maxBytes?: number;
}

const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;

/** An open audit log; one per daemon. */
export class AuditLog {
  readonly #options: AuditLogOptions;
  readonly #maxBytes: number;
  #file: Deno.FsFile;
  #head: ChainHead;
  #bytes: number;

  private constructor(options: AuditLogOptions, file: Deno.FsFile, head: ChainHead, bytes: number) {
    this.#options = options;
    this.#maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
    this.#file = file;
    this.#head = head;
    this.#bytes = bytes;
  }

  /**
   * Opens the log (made with mode 0600 when there is none) and continues its chain.
   *
   * @throws {StoreUnavailableError} when the file cannot be read or written, or its last line is not
   * one of ours: a log that cannot be continued is not silently replaced.
   */
  static open(options: AuditLogOptions): AuditLog {
    const { path } = options;
    let file: Deno.FsFile | undefined;
    try {
      file = Deno.openSync(path, { create: true, read: true, write: true, mode: 0o600 });
      const tail = readTail(file, () => rotatedHead(path), path);
      file.truncateSync(tail.size);
      file.seekSync(tail.size, Deno.SeekMode.Start);
      const log = new AuditLog(options, file, tail.head, tail.size);
      if (tail.dropped > 0) {
        log.append({
          event: "log_recovered",
          status: "success",
          details: { dropped_bytes: tail.dropped },
        });
      }
      return log;
    } catch (cause) {
      file?.close();
      if (cause instanceof StoreUnavailableError) throw cause;
      throw new StoreUnavailableError(`Cannot open the audit log: ${path} is not writable`, {
        cause,
      });
    }
  }

  /** What the next line continues. */
  get head(): ChainHead {
    return this.#head;
  }

  /**
   * Appends one line; it is on disk when this returns.
   *
   * @throws {StoreUnavailableError} when it could not be written. The decision must then not be
   * carried out: what cannot be looked up later does not happen.
   */
  append(event: AuditEvent): void {
    this.#rotateIfFull();
    this.#write(event);
  }

  /** Signs the head: at start, at stop and hourly. */
  checkpoint(): void {
    // Rotation writes a line of its own, and the signature is over the line right before it.
    this.#rotateIfFull();
    const signature = sign(null, checkpointMessage(this.#head), this.#options.signer.privateKey);
    this.#write({
      event: "checkpoint",
      status: "success",
      details: { key: this.#options.signer.did, signature: new Uint8Array(signature).toBase64() },
    });
  }

  /** Closes the file. */
  close(): void {
    this.#file.close();
  }

  #write(event: AuditEvent): void {
    const line = formatAuditLine(event, this.#head, this.#options.now());
    const bytes = new TextEncoder().encode(line + "\n");
    try {
      for (let n = 0; n < bytes.length;) n += this.#file.writeSync(bytes.subarray(n));
      this.#file.syncDataSync();
    } catch (cause) {
      // Half a line would end the chain: back to where the last whole line ended.
      try {
        this.#file.truncateSync(this.#bytes);
        this.#file.seekSync(this.#bytes, Deno.SeekMode.Start);
      } catch { /* the next start takes the half line off */ }
      throw new StoreUnavailableError("Cannot write the audit log", { cause });
    }
    this.#bytes += bytes.length;
    this.#head = { seq: this.#head.seq + 1, hash: sha256(bytes.subarray(0, -1)) };
  }

  #rotateIfFull(): void {
    if (this.#bytes < this.#maxBytes) return;
    const { path } = this.#options;
    const kept = path.replace(/\.log$/, "") + `.${String(this.#head.seq).padStart(12, "0")}.log`;
    this.#file.close();
    Deno.renameSync(path, kept);
    this.#file = Deno.openSync(path, { createNew: true, read: true, write: true, mode: 0o600 });
    this.#bytes = 0;
    this.#write({
      event: "log_rotated",
      status: "success",
      details: { continues: kept.slice(kept.lastIndexOf("/") + 1) },
    });
  }
}

/** SHA-256 of bytes, hex, at once. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Rotated files of the log at `path`, oldest first, then the log itself. */
export function auditFiles(path: string): string[] {
  const folder = path.slice(0, path.lastIndexOf("/"));
  const stem = path.slice(path.lastIndexOf("/") + 1).replace(/\.log$/, "");
  const rotated: string[] = [];
  for (const entry of Deno.readDirSync(folder)) {
    if (new RegExp(`^${stem}\\.\\d{12}\\.log$`).test(entry.name)) rotated.push(entry.name);
  }
  return [...rotated.sort().map((name) => `${folder}/${name}`), path];
}

interface Tail {
  readonly head: ChainHead;
  /** Bytes up to and with the last line break. */
  readonly size: number;
  /** Bytes of a line that was never finished. */
  readonly dropped: number;
}

function readTail(file: Deno.FsFile, before: () => ChainHead, path: string): Tail {
  const size = file.statSync().size;
  // A line is far smaller than this; reading the whole of a large log would slow every start.
  const from = Math.max(0, size - 256 * 1024);
  file.seekSync(from, Deno.SeekMode.Start);
  const bytes = new Uint8Array(size - from);
  for (let n = 0; n < bytes.length;) {
    const read = file.readSync(bytes.subarray(n));
    if (read === null) break;
    n += read;
  }
  const end = bytes.lastIndexOf(10);
  const dropped = bytes.length - end - 1;
  if (end < 0) return { head: before(), size: from, dropped: bytes.length };
  const start = bytes.subarray(0, end).lastIndexOf(10) + 1;
  const last = bytes.subarray(start, end);
  const line = parseAuditLine(new TextDecoder().decode(last));
  if (line === null) {
    throw new StoreUnavailableError(
      `Cannot continue the audit log: the last line of ${path} was changed`,
      {
        hint: `Keep it as evidence: mv ${path} ${path}.damaged`,
      },
    );
  }
  return { head: { seq: line.seq, hash: sha256(last) }, size: from + end + 1, dropped };
}

/** Head of the newest rotated file, for a log whose own file is empty or not there yet. */
function rotatedHead(path: string): ChainHead {
  const newest = auditFiles(path).at(-2);
  if (newest === undefined) return EMPTY_CHAIN;
  using file = Deno.openSync(newest, { read: true });
  return readTail(file, () => EMPTY_CHAIN, newest).head;
}
