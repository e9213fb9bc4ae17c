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

/** What is known of a value's form. */
export interface KeyForm {
  readonly label: string;
  readonly secret: boolean;
  readonly pattern?: string | undefined;
  /** One sentence, such as `It usually begins with sk-`. */
  readonly pattern_hint?: string | undefined;
}

/**
 * What looks odd about a value, in a sentence that holds nothing of it but a prefix that the hint
 * names; null when nothing does.
 *
 * @throws {RangeError} for a pattern that is none, as {@linkcode parseKeyPattern} says.
 */
export function describeOddKey(form: KeyForm, value: string): string | null {
  const { label, secret, pattern, pattern_hint: hint } = form;
  if (pattern !== undefined && matchesKeyPattern(pattern, value)) return null;
  // A space in a key comes from a line that was copied with it; one in a JSON key file does not.
  const isBroken = secret && value.includes(" ") && value.length <= MAX_VALUE_LENGTH &&
    !value.startsWith("{");
  if (isBroken) return `${label} holds white space; was it pasted whole?`;
  if (pattern === undefined) return null;
  // "It usually begins with sk-" says nothing to whoever has typed a key that does.
  const prefix = /begins? with (.+)$/.exec(hint ?? "")?.[1]?.split(/,? or |, /)
    .find((prefix) => value.startsWith(prefix));
  return prefix === undefined
    ? `${label} does not have the usual form. ${hint ?? ""}`.trim()
    : `${label} does not have the usual form: it begins with ${prefix} as it should, but its length ` +
      "or a character is not usual";
}
