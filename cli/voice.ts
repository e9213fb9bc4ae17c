/**
 * The terminal's voice: results on stdout; notes, warnings, errors and progress on stderr.
 *
 * With `--json` a result is one object with `"v": 1` in front, and an error is one too. This is the
 * only file that writes to the terminal.
 *
 * @module
 */
import { type AuthsomeError, type ErrorEnvelope, StoreUnavailableError } from "../core/errors.ts";
import { asciiText } from "./ascii_text.ts";
import { type Paint, paintColor, paintPlain, type Tone } from "./color.ts";
import { plainLine, plainText } from "./plain_text.ts";
import { wrapText } from "./wrap_text.ts";

/** Somewhere to write: stdout or stderr. */
export interface Stream {
  writeSync(bytes: Uint8Array): number;
  /** Left out: it is none. */
  isTerminal?(): boolean;
}

/** How to speak. */
export interface VoiceOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly stdout: Stream;
  readonly stderr: Stream;
  /** Colours on stdout and on stderr. */
  readonly color: { readonly stdout: boolean; readonly stderr: boolean };
  /** The terminal takes ASCII alone. */
  readonly ascii?: boolean;
  /** Columns of the terminal on stderr; null where it is none. */
  readonly columns: () => number | null;
}

/** Speaks to the person. */
export class Voice {
  readonly json: boolean;
  readonly quiet: boolean;
  /** Colours for results. */
  readonly paint: Paint;
  readonly #paintError: Paint;
  readonly #options: VoiceOptions;
  #stdoutClosed = false;
  #status: string | null = null;

  /** A voice; nothing is written yet. */
  constructor(options: VoiceOptions) {
    this.json = options.json;
    this.quiet = options.quiet;
    this.paint = options.color.stdout ? paintColor : paintPlain;
    this.#paintError = options.color.stderr ? paintColor : paintPlain;
    this.#options = options;
  }

  /** Whether whoever read stdout has gone (`| head`); there is no use in writing more. */
  get isClosed(): boolean {
    return this.#stdoutClosed;
  }

  /** Whether a person reads the results as they come, and no program behind a pipe does. */
  get isRead(): boolean {
    return this.#options.stdout.isTerminal?.() ?? false;
  }

  /** Columns of the terminal; null where it is none. */
  get columns(): number | null {
    return this.#options.columns();
  }

  /**
   * The answer to the command: `data` with `--json`, else the text. `exact`: the text is data itself,
   * such as a script, and no letter of it may change.
   */
  result(data: object, text: () => string, { exact = false }: { exact?: boolean } = {}): void {
    if (this.json) {
      const body = Array.isArray(data) ? { v: 1, data } : { v: 1, ...data };
      this.raw(`${JSON.stringify(body, null, 2)}\n`);
    } else {
      const lines = text();
      const whole = lines === "" || lines.endsWith("\n") ? lines : `${lines}\n`;
      if (exact) this.raw(whole);
      else this.page(whole);
    }
  }

  /** Writes what a person reads to stdout. */
  page(text: string): void {
    // A program behind a pipe gets every letter, whatever the locale says.
    if (text !== "") this.raw(this.#options.ascii && this.isRead ? asciiText(text) : text);
  }

  /** Writes to stdout as it is. */
  raw(text: string): void {
    if (this.#stdoutClosed) return;
    this.#clearStatus();
    try {
      writeAll(this.#options.stdout, text);
    } catch (error) {
      if (!(error instanceof Deno.errors.BrokenPipe)) throw unwritable(error);
      this.#stdoutClosed = true;
    }
    this.#drawStatus();
  }

  /** Something worth knowing that nobody asked for; silent with `--quiet` and `--json`. */
  note(text: string): void {
    if (!this.quiet && !this.json) this.#say(this.#wrap(text));
  }

  /** A line that must be seen even with `--quiet`: a link to open, a code to type. */
  instruct(text: string): void {
    this.#say(plainText(text));
  }

  /** Something that may need attention but stopped nothing. */
  warning(text: string, hint?: string): void {
    this.#tell("yellow", "warning:", text);
    if (hint !== undefined) this.#hint(hint);
  }

  /** Why the command failed, and what to do. Never throws. */
  error(error: AuthsomeError): void {
    if (this.json && this.#saysAsJson(error)) return;
    this.#tell("red", "error:", error.message);
    const issues = error.issues ?? [];
    // A single problem is in the message already.
    for (const issue of issues.length === 1 ? [] : issues) {
      const line = issue.line === undefined ? "" : `line ${issue.line}: `;
      const place = issue.path === "" ? "" : `${issue.path}: `;
      this.#say(this.#wrap(`  - ${plainLine(line + place + issue.message)}`, "    "));
    }
    if (error.hint !== undefined) this.#hint(error.hint);
  }

  /** False where stdout takes nothing: that may be what failed, and the other stream is left. */
  #saysAsJson(error: AuthsomeError): boolean {
    const { error: name, message, ...details }: ErrorEnvelope = error.toEnvelope();
    try {
      this.raw(`${JSON.stringify({ v: 1, error: name, message, ...details }, null, 2)}\n`);
      return true;
    } catch {
      return false;
    }
  }

  /** What is being done, for `--verbose`. */
  detail(text: string): void {
    this.#say(this.#paintError("dim", plainText(text)));
  }

  /** Shows one live line at the bottom of a terminal; null removes it. Nothing happens elsewhere. */
  status(text: string | null): void {
    this.#clearStatus();
    this.#status = text === null || this.columns === null ? null : plainLine(text);
    this.#drawStatus();
  }

  /** Asks on the terminal: text without a line end. */
  ask(text: string): void {
    this.#write(text);
  }

  #hint(text: string): void {
    for (const line of plainText(text).split("\n")) {
      const arrow = "  →";
      this.#say(
        this.#wrap(`${arrow} ${line}`, "    ").replace(arrow, this.#paintError("cyan", arrow)),
      );
    }
  }

  #tell(tone: Tone, word: string, text: string): void {
    this.#say(this.#wrap(`${word} ${text}`, "  ").replace(word, this.#paintError(tone, word)));
  }

  #wrap(text: string, indent = ""): string {
    return wrapText(plainText(text), this.columns, indent);
  }

  #say(line: string): void {
    this.#clearStatus();
    this.#write(`${line}\n`);
    this.#drawStatus();
  }

  #clearStatus(): void {
    if (this.#status !== null) this.#write("\r\x1b[2K");
  }

  #drawStatus(): void {
    if (this.#status === null) return;
    const room = Math.max((this.columns ?? 80) - 1, 1);
    const letters = [...this.#status];
    const line = letters.length <= room ? this.#status : `${letters.slice(0, room - 1).join("")}…`;
    this.#write(this.#paintError("dim", line));
  }

  /** A closed stderr takes nothing away from the command. */
  #write(text: string): void {
    try {
      writeAll(this.#options.stderr, this.#options.ascii ? asciiText(text) : text);
    } catch { /* nobody is there to be told */ }
  }
}

function unwritable(cause: unknown): StoreUnavailableError {
  const reason = cause instanceof Error ? cause.message.replace(/ \(os error \d+\)/, "") : "";
  return new StoreUnavailableError(`Cannot write to standard output: ${reason}`, { cause });
}

function writeAll(stream: Stream, text: string): void {
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
}
