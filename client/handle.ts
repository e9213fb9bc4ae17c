/**
 * Handles: the readable names of identities, such as `calm-softly-brightly-4821`.
 *
 * @module
 */

const ADJECTIVES = [
  "brave",
  "bright",
  "calm",
  "clever",
  "eager",
  "gentle",
  "happy",
  "keen",
  "kind",
  "lively",
  "proud",
  "quick",
  "quiet",
  "wise",
] as const;

const ADVERBS = [
  "boldly",
  "brightly",
  "calmly",
  "deeply",
  "firmly",
  "freely",
  "gladly",
  "kindly",
  "neatly",
  "softly",
  "swiftly",
  "warmly",
] as const;

/** Lower-case letters, digits and inner hyphens; 2 to 64 characters. A handle is a file name. */
export const HANDLE_PATTERN = /^[a-z0-9][a-z0-9-]{0,62}[a-z0-9]$/;

/** A new handle. Names need not be unguessable, only unlikely to meet: 20 million of them. */
export function generateHandle(): string {
  const adverb = pick(ADVERBS);
  const other = pick(ADVERBS.filter((word) => word !== adverb));
  const number = String(below(10_000)).padStart(4, "0");
  return `${pick(ADJECTIVES)}-${adverb}-${other}-${number}`;
}

function pick(words: readonly string[]): string {
  return words[below(words.length)]!;
}

function below(limit: number): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]! % limit;
}
