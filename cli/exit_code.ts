/**
 * Errors in words and exit codes.
 *
 * @module
 */
import { AuthsomeError, EXIT_CODE, UnexpectedError } from "../core/errors.ts";

/** The exit code of an error. */
export function exitCode(error: AuthsomeError): number {
  return EXIT_CODE[error.code];
}

/** Any thrown value as an error that can be told; what nobody foresaw becomes an `UnexpectedError`. */
export function tellableError(thrown: unknown): AuthsomeError {
  if (thrown instanceof AuthsomeError) return thrown;
  const text = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  return new UnexpectedError(`Cannot finish: ${text}`, {
    hint: "Run it again with --verbose to see more",
    cause: thrown,
  });
}
