/**
 * Makes random text that a simple regular expression matches: literals, escapes, classes, groups,
 * alternation, quantifiers. Enough for the shapes of API keys; for anything else there is no sample.
 *
 * @module
 */

/** Source of randomness: an integer from 0 to `below` − 1. */
export type RandomInteger = (below: number) => number;

/** How the sample is to look. */
export interface SampleOptions {
  readonly random: RandomInteger;
  /** Open-ended repetitions get at least this many characters. */
  readonly length: number;
  /** Written at the start of the first open-ended repetition whose characters allow it. */
  readonly mark: string;
}

const DIGITS = "0123456789";
const LOWER = "abcdefghijklmnopqrstuvwxyz";
const UPPER = LOWER.toUpperCase();
const WORD = LOWER + UPPER + DIGITS;
/** For `.` and negated classes: nothing that a shell, a header or a URL minds. */
const PLAIN = WORD;
/** More than this in one sample is not a key any more. */
const MAX_LENGTH = 4096;

/** A text that matches `pattern` as a whole, or null when the pattern is beyond this file. */
export function samplePattern(pattern: string, options: SampleOptions): string | null {
  try {
    const expression = new RegExp(`^(?:${pattern})$`, "u");
    const sampler = new Sampler(pattern, options);
    const sample = sampler.sample();
    return sample.length <= MAX_LENGTH && expression.test(sample) ? sample : null;
  } catch {
    return null;
  }
}

class Sampler {
  readonly #text: string;
  readonly #options: SampleOptions;
  #at = 0;
  #isMarked = false;

  constructor(pattern: string, options: SampleOptions) {
    this.#text = pattern.replace(/^\^/, "").replace(/(?<!\\)\$$/, "");
    this.#options = options;
  }

  sample(): string {
    const sample = this.#alternatives();
    if (this.#at < this.#text.length) throw new RangeError("not understood");
    return sample;
  }

  /** `a|b|c`: one of them, chosen at random. */
  #alternatives(): string {
    const choices = [this.#sequence()];
    while (this.#text[this.#at] === "|") {
      this.#at++;
      choices.push(this.#sequence());
    }
    return choices[this.#options.random(choices.length)]!;
  }

  #sequence(): string {
    let sample = "";
    while (this.#at < this.#text.length && !/[|)]/.test(this.#text[this.#at]!)) {
      sample += this.#repeated();
    }
    return sample;
  }

  #repeated(): string {
    const start = this.#at;
    const set = this.#characters();
    if (set === null) return this.#repeatedGroup(start);
    const { least, most } = this.#quantifier();
    const isOpen = most === null || most - least > 8;
    const wanted = isOpen ? Math.max(least, this.#options.length) : least;
    const count = most === null ? wanted : Math.min(wanted, most);
    let text = isOpen ? this.#mark(set, count) : "";
    while (text.length < count) text += set[this.#options.random(set.length)];
    return text;
  }

  /** The mark, where it fits and leaves room for what makes the sample unique. */
  #mark(set: string, count: number): string {
    const { mark } = this.#options;
    const fits = !this.#isMarked && count >= mark.length + 24 &&
      [...mark].every((letter) => set.includes(letter));
    if (!fits) return "";
    this.#isMarked = true;
    return mark;
  }

  #repeatedGroup(start: number): string {
    const once = () => {
      this.#at = start + 1;
      if (this.#text.startsWith("?:", this.#at)) this.#at += 2;
      else if (this.#text[this.#at] === "?") throw new RangeError("not understood");
      const sample = this.#alternatives();
      if (this.#text[this.#at++] !== ")") throw new RangeError("not understood");
      return sample;
    };
    const first = once();
    const { least } = this.#quantifier();
    const end = this.#at;
    let text = least === 0 ? "" : first;
    for (let i = 1; i < least; i++) text += once();
    this.#at = end;
    return text;
  }

  /** The characters one item allows; null in front of a group. */
  #characters(): string | null {
    const letter = this.#text[this.#at]!;
    if (letter === "(") return null;
    this.#at++;
    if (letter === "[") return this.#characterClass();
    if (letter === "\\") return this.#escape();
    if (letter === ".") return PLAIN;
    if ("*+?{}^$]".includes(letter)) throw new RangeError("not understood");
    return letter;
  }

  #escape(): string {
    const letter = this.#text[this.#at++];
    if (letter === "d") return DIGITS;
    if (letter === "w") return WORD + "_";
    if (letter === "S") return PLAIN;
    if (letter === undefined || /[A-Za-z0-9]/.test(letter)) throw new RangeError("not understood");
    return letter;
  }

  #characterClass(): string {
    const isNegated = this.#text[this.#at] === "^";
    if (isNegated) this.#at++;
    let set = "";
    while (this.#text[this.#at] !== "]") {
      const from = this.#classItem();
      const isRange = this.#text[this.#at] === "-" && this.#text[this.#at + 1] !== "]" &&
        from.length === 1;
      if (!isRange) set += from;
      else {
        this.#at++;
        const to = this.#classItem();
        for (let code = from.charCodeAt(0); code <= to.charCodeAt(0); code++) {
          set += String.fromCharCode(code);
        }
      }
    }
    this.#at++;
    const allowed = isNegated ? [...PLAIN].filter((letter) => !set.includes(letter)).join("") : set;
    if (allowed === "") throw new RangeError("not understood");
    return allowed;
  }

  #classItem(): string {
    const letter = this.#text[this.#at++];
    if (letter === undefined) throw new RangeError("not understood");
    return letter === "\\" ? this.#escape() : letter;
  }

  #quantifier(): { least: number; most: number | null } {
    const rest = this.#text.slice(this.#at);
    const simple: Readonly<Record<string, [number, number | null]>> = {
      "*": [0, null],
      "+": [1, null],
      "?": [0, 1],
    };
    const [least, most] = simple[rest[0] ?? ""] ?? [1, 1];
    if (rest[0] !== undefined && Object.hasOwn(simple, rest[0])) {
      this.#at++;
      this.#skipLazy();
      return { least, most };
    }
    const counted = /^\{(\d+)(,(\d*))?\}/.exec(rest);
    if (counted === null) return { least: 1, most: 1 };
    this.#at += counted[0].length;
    this.#skipLazy();
    const from = Number(counted[1]);
    if (counted[2] === undefined) return { least: from, most: from };
    return { least: from, most: counted[3] === "" ? null : Number(counted[3]) };
  }

  #skipLazy(): void {
    if (this.#text[this.#at] === "?") this.#at++;
  }
}
