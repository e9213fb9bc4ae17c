/**
 * What the child finds in a provider's variables: text that looks like a key, so that SDKs which
 * check the format start, and that is worth nothing. Unique for each run and variable, so that one
 * seen somewhere tells which run lost it.
 *
 * @module
 */
import type { PlaceholderVariable } from "../core/api.ts";
import { type RandomInteger, samplePattern } from "./pattern_sample.ts";

/** A placeholder that a child was given. */
export interface Placeholder {
  readonly text: string;
  readonly provider: string;
  readonly connection: string;
  /** Whose value it stands for. */
  readonly field: string;
}

/** Random characters of a placeholder: 24 letters and digits are 142 bits. */
const RANDOM_LENGTH = 32;
const MARK = "authsome";
const ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789";
/** Fewer than this is guessable, and too short to be found in text again. */
const SHORTEST = 16;

/** A placeholder for one variable. */
export function makePlaceholder(
  { pattern }: Pick<PlaceholderVariable, "pattern">,
  random: RandomInteger = randomInteger,
): string {
  const sample = pattern === null ? null : samplePattern(pattern, {
    random,
    length: MARK.length + RANDOM_LENGTH,
    mark: MARK,
  });
  if (sample !== null && sample.length >= SHORTEST) return sample;
  let text = `${MARK}-placeholder-`;
  for (let i = 0; i < RANDOM_LENGTH; i++) text += ALPHABET[random(ALPHABET.length)];
  return text;
}

/**
 * The provider variables of a child: a placeholder for what is secret, the value itself for what is
 * not. A field that two variables name has the same placeholder in both.
 */
export function placeholderVariables(
  variables: readonly PlaceholderVariable[],
): Record<string, string> {
  const made = new Map<string, string>();
  const environment: Record<string, string> = {};
  for (const variable of variables) {
    const { name, provider, connection, field, value } = variable;
    const key = `${provider}/${connection}/${field}`;
    if (value === null && !made.has(key)) made.set(key, makePlaceholder(variable));
    environment[name] = value ?? made.get(key)!;
  }
  return environment;
}

/** The placeholders among the values that `environment` has for these variables. */
export function givenPlaceholders(
  variables: readonly PlaceholderVariable[],
  environment: Readonly<Record<string, string>>,
): Placeholder[] {
  return variables.filter(({ value }) => value === null).flatMap(
    ({ name, provider, connection, field }) => {
      const text = environment[name];
      return text === undefined ? [] : [{ text, provider, connection, field }];
    },
  );
}

/** Uniform below `below`, which is at most 2^16. */
function randomInteger(below: number): number {
  const limit = 65536 - (65536 % below);
  const draw = new Uint16Array(1);
  do crypto.getRandomValues(draw); while (draw[0]! >= limit);
  return draw[0]! % below;
}
