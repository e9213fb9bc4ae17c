/**
 * Errors in words and exit codes.
 *
 * @module
 */
import {
  AuthsomeError,
  type ErrorCode,
  EXIT_CODE,
  fromEnvelope,
  UnexpectedError,
} from "../core/errors.ts";

/** Something about what was typed: where nobody had better advice, the command's help is it. */
const ABOUT_INPUT: ReadonlySet<ErrorCode> = new Set([
  "usage",
  "invalid_input",
  "invalid_provider_definition",
]);

/** The exit code of an error. */
export function exitCode(error: AuthsomeError): number {
  return EXIT_CODE[error.code];
}

/**
 * Any thrown value as an error that can be told; what nobody foresaw becomes an `UnexpectedError`.
 *
 * @param command The command's full name; empty where none was found yet.
 */
export function tellableError(thrown: unknown, command = ""): AuthsomeError {
  if (thrown instanceof AuthsomeError) {
    const lacksHint = thrown.hint === undefined && ABOUT_INPUT.has(thrown.code);
    if (!lacksHint || command === "") return thrown;
    return fromEnvelope({ ...thrown.toEnvelope(), hint: `Run: authsome ${command} --help` });
  }
  const text = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  return new UnexpectedError(`Cannot finish: ${text}`, {
    hint: "Run it again with --verbose to see more",
    cause: thrown,
  });
}
