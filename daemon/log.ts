/**
 * The daemon's own log: one line for each thing worth knowing, on standard error, which whoever
 * started the daemon appended to `server/logs/daemon.log`.
 *
 * A line holds facts that we name one by one, never a request, a body or an object somebody handed
 * in. Of an error it holds the class, our own message and the frames: the message of a foreign error
 * may quote what it choked on (`JSON.parse` quotes its input, an HTTP client its response).
 *
 * @module
 */
import { AuthsomeError } from "../core/errors.ts";

/** What a log line may carry beside its text. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

/** Writes log lines. */
export interface Log {
  /** Something that happened as it should. */
  info(message: string, fields?: LogFields): void;
  /** Something a person may want to look at. */
  warn(message: string, fields?: LogFields): void;
  /** A failure, with where it came from. */
  error(message: string, cause: unknown, fields?: LogFields): void;
}

/** A log that writes lines through `write`. */
export function createLog(write: (line: string) => void, now: () => Date): Log {
  const line = (level: string, message: string, fields: LogFields, frames: string[] = []): void => {
    const facts = Object.entries(fields).map(([name, value]) =>
      ` ${name}=${JSON.stringify(value)}`
    );
    write(`${now().toISOString()} ${level} ${message}${facts.join("")}\n${frames.join("")}`);
  };
  return {
    info: (message, fields = {}) => line("info", message, fields),
    warn: (message, fields = {}) => line("warn", message, fields),
    error: (message, cause, fields = {}) =>
      line("error", message, { ...fields, cause: describe(cause) }, frames(cause)),
  };
}

/** The log of a process: lines on standard error. */
export function stderrLog(now: () => Date = () => new Date()): Log {
  const encoder = new TextEncoder();
  return createLog((text) => {
    try {
      Deno.stderr.writeSync(encoder.encode(text));
    } catch { /* a full disk must not stop the daemon from answering */ }
  }, now);
}

/** Class and message of an error and of what lies beneath it, foreign messages left out. */
function describe(cause: unknown): string {
  const parts: string[] = [];
  for (let error = cause, depth = 0; error instanceof Error && depth < 4; depth++) {
    parts.push(isOurs(error) ? `${error.name}: ${error.message}` : error.name);
    error = error.cause;
  }
  return parts.length === 0 ? typeof cause : parts.join(" < ");
}

/** Whether the message is our own words, or the runtime's about a file, an address or a permission. */
function isOurs(error: Error): boolean {
  return error instanceof AuthsomeError || error.name in Deno.errors ||
    error instanceof TypeError || error instanceof RangeError;
}

function frames(cause: unknown): string[] {
  if (!(cause instanceof Error) || cause.stack === undefined) return [];
  return cause.stack.split("\n").filter((line) => /^\s+at /.test(line)).slice(0, 8)
    .map((line) => `  ${line.trim()}\n`);
}
