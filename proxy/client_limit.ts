/**
 * How many clients a run lets in at once. Every connection is an open file, and most clients need a
 * second one, to a server; a process that has no more of them can neither ask the daemon nor tell the
 * client why. So some are left, and who comes then is told.
 *
 * @module
 */
import { Refusal } from "./fail_closed.ts";
import { MORE_FILES } from "./out_of_files.ts";

/** Files of the runtime, and connections to the daemon. */
const RESERVED_FILES = 64;
/** Of the others; the rest is for connections to servers, of which some are idle. */
const CLIENT_SHARE = 0.4;
const FEWEST = 8;

/** So many are told at once; who comes on top of them is turned away without a word. */
const TOLD_AT_ONCE = 16;

/** Counts nothing itself: the front door knows how many are open. */
export class ClientLimit {
  readonly #most: number;
  readonly #files: number | null;

  /** `files` that this process may have open; null: nobody says, and nothing is refused. */
  constructor(files: number | null = readFileLimit()) {
    this.#files = files;
    this.#most = files === null
      ? Infinity
      : Math.max(FEWEST, Math.floor((files - RESERVED_FILES) * CLIENT_SHARE));
  }

  /** Why one more client is one too many when `open` are, it included; null when it may stay. */
  check(open: number): Refusal | null {
    if (open <= this.#most) return null;
    return new Refusal(
      503,
      "TooManyConnectionsError",
      `Cannot take the connection: ${this.#most} are open, and this run may have ${this.#files} files open`,
      { hint: MORE_FILES },
    );
  }

  /** Whether there are files left to tell it, which takes a moment. */
  canTell(open: number): boolean {
    return open <= this.#most + TOLD_AT_ONCE;
  }
}

/** What Linux says of this process; the runtime has raised it to what it may be by then. */
function readFileLimit(): number | null {
  if (Deno.build.os !== "linux") return null;
  try {
    const [, files] = /^Max open files\s+(\d+)/m.exec(Deno.readTextFileSync("/proc/self/limits")) ??
      [];
    return files === undefined ? null : Number(files);
  } catch {
    return null;
  }
}
