/**
 * Reads how many rows, lines or entries a person wants to see.
 *
 * @module
 */
import { UsageError } from "../core/errors.ts";

/** Six digits: more than anybody reads, and far from where numbers become inexact. */
const MOST = 999_999;

/**
 * The number.
 *
 * @param what Verb and noun of the message: `["list", "connections"]`. The option is not named: it has
 * a short and a long spelling, and one of them was typed.
 * @throws {UsageError} for anything but a whole number from 1.
 */
export function readCount(text: string, [verb, noun]: readonly [string, string]): number {
  const count = Number(text);
  if (/^\d{1,6}$/.test(text) && count > 0) return count;
  throw new UsageError(`Cannot ${verb} ${text} ${noun}: give a number from 1 to ${MOST}`);
}
