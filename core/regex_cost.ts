/**
 * Refuses regular expressions that a backtracking engine could take forever over. Provider
 * definitions come from files that people download, and their patterns run inside the daemon.
 *
 * What makes matching exponential (repeated groups, `a?a?a?…`, `(a|a)(a|a)…`) is counted rather than
 * analysed: patterns for host names and keys need very little of it.
 *
 * @module
 */

/** How much of everything a pattern may hold. */
export interface RegexLimits {
  /** `*`, `+`, `?` and `{m,n}`; matching costs at most the text's length to this power. */
  readonly repetitions: number;
  /** Repetitions and groups together. */
  readonly total: number;
  /** `|`, in groups or not. */
  readonly alternatives: number;
}

/** Enough for host names and for every key format seen. */
export const REGEX_LIMITS: RegexLimits = { repetitions: 3, total: 5, alternatives: 8 };

/**
 * Checks the source of a regular expression without lookaround and back references, which the
 * caller has excluded by its own grammar.
 *
 * @throws {RangeError} naming what there is too much of.
 */
export function checkRegexCost(source: string, limits: RegexLimits = REGEX_LIMITS): void {
  const bare = source
    .replace(/\\./g, "x")
    .replace(/\[[^\]]*\]/g, "x")
    .replaceAll("(?:", "(");
  if (/\)(?:[+*]|\{)/.test(bare)) throw new RangeError("a group must not be repeated");
  const repetitions = count(bare, /[+*?]|\{\d+,\d*\}/g);
  if (repetitions > limits.repetitions) {
    throw new RangeError(`more than ${limits.repetitions} repetitions`);
  }
  if (repetitions + count(bare, /\(/g) > limits.total) {
    throw new RangeError(`more than ${limits.total} repetitions and groups together`);
  }
  if (count(bare, /\|/g) > limits.alternatives) {
    throw new RangeError(`more than ${limits.alternatives} alternatives`);
  }
}

function count(text: string, expression: RegExp): number {
  return text.match(expression)?.length ?? 0;
}
