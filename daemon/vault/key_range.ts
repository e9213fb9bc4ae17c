/**
 * Which keys a vault takes, and which of them start with a prefix.
 *
 * Keys are ordered by code point, which is the byte order of UTF-8 and of SQLite's BINARY collation,
 * so that "starts with" is a range of an index.
 *
 * @module
 */

/** Longest key, in UTF-16 units. */
export const MAX_KEY_LENGTH = 1024;

/**
 * Refuses what cannot be a key: the empty string, control characters (SQLite cuts text at NUL) and
 * lone surrogates (UTF-8 cannot say them).
 *
 * @throws {TypeError} a programmer's mistake: names are checked where keys are built.
 */
export function checkKey(key: string): void {
  // deno-lint-ignore no-control-regex
  if (key.length === 0 || key.length > MAX_KEY_LENGTH || /[\u0000-\u001f\u007f]/.test(key)) {
    throw new TypeError("Cannot use this as a vault key: it is empty, too long or has controls");
  }
  if (!key.isWellFormed()) {
    throw new TypeError("Cannot use this as a vault key: it is not well-formed Unicode");
  }
}

/**
 * Refuses a value that would not come back as it went in.
 *
 * @throws {TypeError} for lone surrogates, which UTF-8 would replace.
 */
export function checkValue(value: string): void {
  if (!value.isWellFormed()) {
    throw new TypeError("Cannot keep this value: it is not well-formed Unicode");
  }
}

/** The smallest key after all that start with `prefix`; null when there is none. */
export function endOfPrefix(prefix: string): string | null {
  const points = Array.from(prefix, (letter) => letter.codePointAt(0)!);
  while (points.length > 0) {
    const last = points.pop()!;
    if (last === 0x10ffff) continue;
    // The surrogates between U+D7FF and U+E000 are no characters.
    points.push(last === 0xd7ff ? 0xe000 : last + 1);
    return String.fromCodePoint(...points);
  }
  return null;
}

/** Order of keys: by code point. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i), y = b.charCodeAt(i);
    if (x === y) continue;
    // A surrogate stands for a code point above every other unit, whatever its own number.
    const high = (unit: number) => unit >= 0xd800 && unit <= 0xdfff;
    if (high(x) !== high(y)) return high(x) ? 1 : -1;
    return x - y;
  }
  return a.length - b.length;
}
