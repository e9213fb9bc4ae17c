/**
 * The format of a provider's keys, as a definition gives it: a regular expression for the whole
 * value, in a dialect small enough to be safe to run on anything.
 *
 * @module
 */
import { checkRegexCost } from "./regex_cost.ts";

const MAX_PATTERN_LENGTH = 300;
/** Longer values (a JWT, a private key) are taken without a look: a mismatch is a warning anyway. */
const MAX_VALUE_LENGTH = 512;

/** Literals, escapes, classes, groups, alternation, repetition; the branches exclude each other. */
const TOKENS =
  /^(?:[A-Za-z0-9 _:;,=~@#%&!"'<>`/-]|\.|\^|\$|\\[.dwsDWS^$*+?()[\]{}|\\/-]|\[\^?(?:[^\]\\[]|\\[.dwsDWS^$*+?()[\]{}|\\/-])+\]|\(\?:|\((?!\?)|[)|+*?]|\{\d{1,4}(?:,\d{0,4})?\})+$/;

/**
 * A key pattern as an expression that must match the whole value.
 *
 * @throws {RangeError} with the reason: too long, more than key formats need, or costly to match.
 */
export function parseKeyPattern(source: string): RegExp {
  if (source.length === 0) throw new RangeError("it is empty");
  if (source.length > MAX_PATTERN_LENGTH) {
    throw new RangeError(`it is longer than ${MAX_PATTERN_LENGTH} characters`);
  }
  if (!TOKENS.test(source)) throw new RangeError("it uses more than key formats need");
  checkRegexCost(source);
  try {
    return new RegExp(`^(?:${source})$`, "u");
  } catch {
    throw new RangeError("it is not a regular expression");
  }
}

/** Whether a value has the form of the pattern; one too long to be checked counts as right. */
export function matchesKeyPattern(source: string, value: string): boolean {
  return value.length > MAX_VALUE_LENGTH || parseKeyPattern(source).test(value);
}
