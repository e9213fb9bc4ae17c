/**
 * Takes the words of a command line apart into options and plain words, as `parseArgs` of `node:util`
 * does (a test holds the two together). That module takes nine milliseconds to load, which is a
 * seventh of what most commands take.
 *
 * @module
 */

/** How an option is written. */
export interface OptionForm {
  /** Whether a value follows. */
  readonly takesValue: boolean;
  /** Its one-letter form. */
  readonly short?: string | undefined;
}

/** A part of the line. */
export type Token =
  | {
    readonly kind: "option";
    /** Without dashes, never the short form of a known option. */
    readonly name: string;
    /** As it was typed, without a value. */
    readonly rawName: string;
    readonly value: string | undefined;
  }
  | { readonly kind: "positional"; readonly value: string };

/** The tokens of words in which there is no `--`. */
export function readTokens(
  words: readonly string[],
  options: Readonly<Record<string, OptionForm>>,
): Token[] {
  const takesValue = (name: string) => Object.hasOwn(options, name) && options[name]!.takesValue;
  const nameOf = (letter: string) =>
    Object.keys(options).find((name) => options[name]!.short === letter) ?? letter;
  const tokens: Token[] = [];
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const add = (name: string, rawName: string, inline?: string) => {
      // Whatever comes next is the value, also where it begins with a dash.
      const value = inline ?? (takesValue(name) ? rest.shift() : undefined);
      tokens.push({ kind: "option", name, rawName, value });
    };
    if (word.startsWith("--") && word.length > 2) {
      const equals = word.indexOf("=", 3);
      if (equals < 0) add(word.slice(2), word);
      else add(word.slice(2, equals), word.slice(0, equals), word.slice(equals + 1));
    } else if (word.startsWith("-") && word.length > 1) {
      // -abc is -a -b -c, up to the first that takes the rest as its value.
      for (let i = 1; i < word.length; i++) {
        const name = nameOf(word[i]!);
        const behind = takesValue(name) ? word.slice(i + 1) : "";
        add(name, `-${word[i]}`, behind === "" ? undefined : behind);
        if (takesValue(name)) break;
      }
    } else {
      tokens.push({ kind: "positional", value: word });
    }
  }
  return tokens;
}
