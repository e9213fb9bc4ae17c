/**
 * What is said when the daemon went away in the middle of something that is done whole or not at all.
 *
 * @module
 */
import { DaemonUnavailableError } from "../core/errors.ts";

/**
 * Does `work`; `hint` says how to find out whether it was done, should nobody be left to tell.
 *
 * @throws {DaemonUnavailableError} with that hint.
 */
export async function wholeOrNot<T>(
  what: string,
  hint: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof DaemonUnavailableError)) throw cause;
    throw new DaemonUnavailableError(
      `Cannot tell whether ${what}: the daemon went away meanwhile`,
      { hint: `It was done whole or not at all. ${hint}`, cause },
    );
  }
}
