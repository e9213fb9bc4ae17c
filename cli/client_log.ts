/**
 * The command line's own log: `client/logs/authsome.log`, or where `--log-file` says. It tells which
 * command ran and how it ended, never its arguments.
 *
 * @module
 */
import { utcTime } from "../core/utc_time.ts";

/** Writes the log. */
export interface ClientLog {
  /** One line; also on stderr with `--verbose`. */
  write(text: string): void;
  /** One line of what was said on stderr already: with `--verbose` it is not said again. */
  record(text: string): void;
}

/** Where and how to log. */
export interface ClientLogOptions {
  /** File to append to; null for none. */
  readonly path: string | null;
  /** Told each line; for `--verbose`. */
  readonly echo: ((text: string) => void) | null;
  /** Told once, when a line could not be written. */
  readonly onFault?: (cause: unknown) => void;
  readonly now?: () => Date;
}

const MAX_BYTES = 10_000_000;
const KEPT_FILES = 5;

/** A log. What cannot be written is not written: a full disk must not stop a command. */
export function openClientLog(
  { path, echo, onFault = () => {}, now = () => new Date() }: ClientLogOptions,
): ClientLog {
  let rotated = false;
  let isFaulty = false;
  const record = (text: string) => {
    if (path === null) return;
    try {
      if (!rotated) rotate(path);
      rotated = true;
      const line = `${utcTime(now())} ${Deno.pid} ${text.replaceAll("\n", "\\n")}\n`;
      Deno.writeTextFileSync(path, line, { append: true, mode: 0o600 });
    } catch (cause) {
      if (!isFaulty) onFault(cause);
      isFaulty = true;
    }
  };
  return {
    record,
    write(text) {
      echo?.(text);
      record(text);
    },
  };
}

/** Makes room: `.log` becomes `.log.1`, and so on, when it has grown too large. */
function rotate(path: string): void {
  try {
    if (Deno.statSync(path).size < MAX_BYTES) return;
  } catch {
    return; // no log yet
  }
  for (let i = KEPT_FILES - 1; i >= 1; i--) {
    try {
      Deno.renameSync(`${path}.${i}`, `${path}.${i + 1}`);
    } catch { /* that one does not exist yet */ }
  }
  Deno.renameSync(path, `${path}.1`);
}
