/**
 * The audit log on disk: `server/logs/audit.log`, one JSON line for each decision, appended and
 * synced before the decision is acknowledged.
 *
 * A line that a crash cut in half was never acknowledged: it is taken off at the next start and the
 * log says so. Rotation renames the full file to `audit.<last seq>.log`; the chain goes on in the
 * new one.
 *
 * A log that was cut off or replaced, at a start or while the daemon runs, is neither accepted nor a
 * reason to stand still: the daemon goes on behind the last line that it remembers. The gap stays in
 * the chain for whoever verifies it.
 *
 * @module
 */
import { type KeyObject, sign } from "node:crypto";
import {
  type AuditEvent,
  type ChainHead,
  checkpointMessage,
  EMPTY_CHAIN,
  formatAuditLine,
} from "../core/audit_chain.ts";
import { StoreUnavailableError } from "../core/errors.ts";
import { type AuditTail, readAuditTail, rotatedPath, sha256 } from "./audit_files.ts";
import { syncDirectory } from "./vault/durable_file.ts";

/** Signs checkpoints. */
export interface AuditSigner {
  /** `did:key` of the key. */
  readonly did: string;
  readonly privateKey: KeyObject;
}

/** A head that was kept elsewhere. */
export interface RememberedHead extends ChainHead {
  /** Nothing was written behind it: the daemon stopped in order. */
  readonly closed?: boolean;
}

/** How an audit log is opened. */
export interface AuditLogOptions {
  /** `server/logs/audit.log`. */
  readonly path: string;
  readonly signer: AuditSigner;
  readonly now: () => Date;
  /** The head that was kept elsewhere: a log that does not reach it, or is another there, was changed. */
  readonly remembered?: RememberedHead | null;
  /** Size in bytes at which the file is rotated. */
  readonly maxBytes?: number;
}

const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;
const NEWLINE = new Uint8Array([10]);

/** An open audit log; one per daemon. */
export class AuditLog {
  readonly #options: AuditLogOptions;
  readonly #maxBytes: number;
  #file: Deno.FsFile;
  #inode: number | null;
  #head: ChainHead;
  #bytes: number;

  private constructor(options: AuditLogOptions, file: Deno.FsFile, head: ChainHead, bytes: number) {
    this.#options = options;
    this.#maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
    this.#file = file;
    this.#inode = file.statSync().ino;
    this.#head = head;
    this.#bytes = bytes;
  }

  /**
   * Opens the log (made with mode 0600 when there is none) and continues its chain.
   *
   * @throws {StoreUnavailableError} when the file cannot be read or written, or when its last line is
   * not one of ours and nothing is remembered: a log that cannot be continued is not replaced.
   */
  static open(options: AuditLogOptions): AuditLog {
    const { path, remembered = null } = options;
    let file: Deno.FsFile | undefined;
    try {
      file = openAtEnd(path);
      const tail = readAuditTail(file, path);
      const head = remembered !== null && departs(tail, remembered) ? remembered : tail.head;
      if (head === null) throw notContinuable(path);
      file.truncateSync(tail.size);
      file.seekSync(tail.size, Deno.SeekMode.Start);
      const log = new AuditLog(options, file, head, tail.size);
      if (head !== tail.head) log.#write([damaged(head, tail.head)]);
      if (tail.dropped > 0) log.#write([recovered(tail.dropped)]);
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

  /** Where the log is. */
  get path(): string {
    return this.#options.path;
  }

  /** `did:key` that its checkpoints are signed with. */
  get key(): string {
    return this.#options.signer.did;
  }

  /**
   * Appends lines, all or none; they are on disk when this returns.
   *
   * @throws {StoreUnavailableError} when they could not be written. The decision must then not be
   * carried out: what cannot be looked up later does not happen.
   */
  append(...events: readonly AuditEvent[]): void {
    if (events.length === 0) return;
    this.#attach();
    this.#rotateIfFull();
    this.#write(events);
  }

  /** Signs the head: at start, at stop and hourly. @throws {StoreUnavailableError} */
  checkpoint(): void {
    // Both write a line of their own, and the signature is over the line right before it.
    this.#attach();
    this.#rotateIfFull();
    const { did, privateKey } = this.#options.signer;
    const signature = new Uint8Array(sign(null, checkpointMessage(this.#head), privateKey));
    const details = { key: did, signature: signature.toBase64() };
    this.#write([{ event: "checkpoint", status: "success", details }]);
  }

  /** Closes the file. */
  close(): void {
    this.#file.close();
  }

  #write(events: readonly AuditEvent[]): void {
    let head = this.#head;
    const lines: string[] = [];
    for (const event of events) {
      const line = formatAuditLine(event, head, this.#options.now());
      head = { seq: head.seq + 1, hash: sha256(encoder.encode(line)) };
      lines.push(line);
    }
    const bytes = encoder.encode(lines.join("\n") + "\n");
    try {
      writeAll(this.#file, bytes);
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
    this.#head = head;
  }

  /** What is written to a file that somebody moved away is read by nobody: goes on at the log's place. */
  #attach(): void {
    const { path } = this.#options;
    if (isFile(path, this.#inode, this.#bytes)) return;
    try {
      const file = openAtEnd(path);
      this.#file.close();
      this.#file = file;
      const { ino, size } = file.statSync();
      this.#inode = ino;
      this.#bytes = size;
      if (size > 0 && !endsWithNewline(file, size)) {
        writeAll(file, NEWLINE);
        this.#bytes++;
      }
    } catch (cause) {
      throw new StoreUnavailableError("Cannot write the audit log", { cause });
    }
    this.#write([damaged(this.#head, null)]);
  }

  #rotateIfFull(): void {
    if (this.#bytes < this.#maxBytes) return;
    const { path } = this.#options;
    const kept = rotatedPath(path, this.#head.seq);
    try {
      Deno.renameSync(path, kept);
      const file = openAtEnd(path);
      this.#file.close();
      this.#file = file;
    } catch (cause) {
      throw new StoreUnavailableError("Cannot rotate the audit log", { cause });
    }
    this.#inode = this.#file.statSync().ino;
    this.#bytes = 0;
    const details = { continues: kept.slice(kept.lastIndexOf("/") + 1) };
    this.#write([{ event: "log_rotated", status: "success", details }]);
  }
}

const encoder = new TextEncoder();

/** Whether a log that ends so is not the one whose head is remembered. */
function departs({ head, hashOf }: AuditTail, remembered: RememberedHead): boolean {
  if (head === null || head.seq < remembered.seq) return true;
  if (remembered.closed === true && head.seq > remembered.seq) return true;
  if (head.seq === remembered.seq) return head.hash !== remembered.hash;
  // Too far back to be looked at now; a verification sees every line.
  const hash = hashOf(remembered.seq);
  return hash !== null && hash !== remembered.hash;
}

function damaged(remembered: ChainHead, found: ChainHead | null): AuditEvent {
  const details = {
    continues: remembered.seq,
    ...(found === null || found === EMPTY_CHAIN ? {} : { found: found.seq }),
  };
  return { event: "log_damaged", status: "failure", details };
}

function recovered(dropped_bytes: number): AuditEvent {
  return { event: "log_recovered", status: "success", details: { dropped_bytes } };
}

function notContinuable(path: string): StoreUnavailableError {
  return new StoreUnavailableError(
    `Cannot continue the audit log: the last line of ${path} was changed`,
    { hint: `Keep it as evidence: mv ${path} ${path}.damaged` },
  );
}

/** Opens the file behind its last byte, making it durably where there is none. */
function openAtEnd(path: string): Deno.FsFile {
  const file = Deno.openSync(path, { create: true, read: true, write: true, mode: 0o600 });
  if (file.seekSync(0, Deno.SeekMode.End) === 0) syncDirectory(path);
  return file;
}

function isFile(path: string, inode: number | null, size: number): boolean {
  try {
    const info = Deno.statSync(path);
    return info.ino === inode && info.size === size;
  } catch {
    return false;
  }
}

function endsWithNewline(file: Deno.FsFile, size: number): boolean {
  const last = new Uint8Array(1);
  file.seekSync(size - 1, Deno.SeekMode.Start);
  file.readSync(last);
  return last[0] === 10;
}

function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let n = 0; n < bytes.length;) n += file.writeSync(bytes.subarray(n));
}
