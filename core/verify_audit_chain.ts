/**
 * Verifies the audit log's chain: walks its lines from the oldest on and says where they stop being
 * what the daemon wrote. Memory stays flat, however long the log is.
 *
 * @module
 */
import {
  type AuditLine,
  type ChainHead,
  checkpointMessage,
  EMPTY_CHAIN,
  parseAuditLine,
} from "./audit_chain.ts";
import { publicKeyOf } from "./did_key.ts";

/** How a log departs from its chain. */
export type ChainProblem =
  | "not_json"
  | "missing_fields"
  | "wrong_sequence"
  | "wrong_hash"
  | "bad_signature"
  | "foreign_key"
  | "truncated"
  | "appended";

/** Where and how a log departs from its chain. */
export interface ChainFault {
  /** Line number over all files read, from 1. */
  readonly line: number;
  /** What the line says of itself, where it can be read. */
  readonly seq: number | null;
  readonly problem: ChainProblem;
  /** What is wrong with it; goes on behind "Line N". */
  readonly message: string;
}

/** What a verification found. */
export interface ChainReport {
  readonly lines: number;
  readonly checkpoints: number;
  /** `seq` of the last valid checkpoint; lines behind it are chained but not yet signed. */
  readonly signed_until: number;
  /** The first fault; null when every line is as it was written. */
  readonly fault: ChainFault | null;
  readonly head: ChainHead;
}

/** What a log is verified against. */
export interface VerifyOptions {
  /** SHA-256 over bytes, hex. Synchronous, because a million lines are hashed one after another. */
  readonly sha256: (bytes: Uint8Array) => string;
  /** `did:key` every checkpoint must be signed with; null accepts any one key throughout. */
  readonly key: string | null;
  /** A head that the writer remembers: the log must reach it, and be the same there. */
  readonly expected?: ChainHead | null;
  /** Asked at the end: `seq` of the last line that was written by then. */
  readonly lastWritten?: () => number;
}

/**
 * Verifies batches of lines, oldest first, without their line breaks; stops at the first fault. A
 * batch is not used after the next one was asked for.
 */
export async function verifyAuditChain(
  batches: AsyncIterable<readonly Uint8Array[]>,
  options: VerifyOptions,
): Promise<ChainReport> {
  const walk = new ChainWalk(options);
  for await (const batch of batches) {
    for (const bytes of batch) {
      const pending = walk.take(bytes);
      const fault = pending instanceof Promise ? await pending : pending;
      if (fault !== null) return walk.report(fault);
    }
  }
  return walk.report(walk.end());
}

type Verdict = ChainFault | null;

/** The state of one verification. */
class ChainWalk {
  readonly #options: VerifyOptions;
  readonly #text = new TextDecoder();
  #head = EMPTY_CHAIN;
  #lines = 0;
  #checkpoints = 0;
  #signedUntil = 0;
  #key: string | null;
  #imported: { readonly did: string; readonly key: Promise<CryptoKey | null> } | null = null;
  /** A line that does not continue the one before it; which of the two was changed, its successor tells. */
  #broken: { readonly line: AuditLine; readonly hash: string } | null = null;

  constructor(options: VerifyOptions) {
    this.#options = options;
    this.#key = options.key;
  }

  /** The next line. */
  take(bytes: Uint8Array): Verdict | Promise<Verdict> {
    this.#lines++;
    const line = parseAuditLine(this.#text.decode(bytes));
    if (this.#broken !== null) return this.#blame(line?.prev === this.#broken.hash);
    if (line === null) {
      return this.#fault(null, "not_json", "is not a JSON object with seq, event and prev");
    }
    const { seq } = line;
    if (seq !== this.#head.seq + 1) {
      const { seq: before } = this.#head;
      const what = seq > before + 1
        ? `follows ${before}: ${seq - before - 1} line(s) in between were removed`
        : `follows ${before}: lines were inserted or reordered`;
      return this.#fault(seq, "wrong_sequence", `has sequence number ${seq}, which ${what}`);
    }
    const hash = this.#options.sha256(bytes);
    if (line.prev !== this.#head.hash) {
      this.#broken = { line, hash };
      return null;
    }
    if (line.event === "checkpoint") return this.#checkpoint(line, hash);
    return this.#advance(seq, hash);
  }

  /** The end of the log. */
  end(): Verdict {
    const { expected = null, lastWritten } = this.#options;
    if (this.#broken !== null) {
      const { line, hash } = this.#broken;
      return this.#blame(expected?.seq === line.seq && expected.hash === hash, 0);
    }
    const { seq } = this.#head;
    if (expected !== null && seq < expected.seq) {
      const text = `is the last one, but ${expected.seq} lines were written: the end was cut off`;
      return this.#fault(seq, "truncated", text);
    }
    const written = lastWritten?.() ?? seq;
    if (seq <= written) return null;
    const added = seq - written;
    return this.#fault(
      written + 1,
      "appended",
      "was not written by the daemon",
      this.#lines - added + 1,
    );
  }

  report(fault: Verdict): ChainReport {
    return {
      lines: this.#lines,
      checkpoints: this.#checkpoints,
      signed_until: this.#signedUntil,
      fault,
      head: this.#head,
    };
  }

  #advance(seq: number, hash: string): Verdict {
    const { expected } = this.#options;
    if (seq === expected?.seq && hash !== expected.hash) {
      return this.#fault(seq, "wrong_hash", "is not the line that the daemon remembers: changed");
    }
    this.#head = { seq, hash };
    return null;
  }

  /** `isWhole`: what follows the line that does not fit continues it, so that the one before was changed. */
  #blame(isWhole: boolean, behind = 1): Verdict {
    const { seq } = this.#broken!.line;
    const at = this.#lines - behind;
    return isWhole
      ? this.#fault(seq - 1, "wrong_hash", `was changed: line ${at} does not continue it`, at - 1)
      : this.#fault(
        seq,
        "wrong_hash",
        "was changed, or the line before it: it does not continue it",
        at,
      );
  }

  async #checkpoint(line: AuditLine, hash: string): Promise<Verdict> {
    const { seq, details } = line;
    const signer = details?.["key"];
    const signature = details?.["signature"];
    if (typeof signer !== "string" || typeof signature !== "string") {
      return this.#fault(seq, "missing_fields", "is a checkpoint without a signature");
    }
    this.#key ??= signer;
    if (signer !== this.#key) {
      return this.#fault(seq, "foreign_key", "is signed with another key");
    }
    if (!await this.#isSigned(signer, signature)) {
      return this.#fault(seq, "bad_signature", "has a signature that does not fit");
    }
    this.#checkpoints++;
    this.#signedUntil = seq;
    return this.#advance(seq, hash);
  }

  async #isSigned(did: string, signature: string): Promise<boolean> {
    if (this.#imported?.did !== did) this.#imported = { did, key: importKey(did) };
    const key = await this.#imported.key;
    if (key === null) return false;
    try {
      const bytes = Uint8Array.fromBase64(signature);
      return await crypto.subtle.verify("Ed25519", key, bytes, checkpointMessage(this.#head));
    } catch {
      return false;
    }
  }

  #fault(
    seq: number | null,
    problem: ChainProblem,
    message: string,
    line: number = this.#lines,
  ): ChainFault {
    return { line, seq, problem, message };
  }
}

async function importKey(did: string): Promise<CryptoKey | null> {
  const raw = publicKeyOf(did);
  if (raw === null) return null;
  try {
    return await crypto.subtle.importKey("raw", raw, "Ed25519", false, ["verify"]);
  } catch {
    return null;
  }
}
