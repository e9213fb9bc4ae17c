/**
 * The few colours that the terminal's voice uses (ECMA-48 SGR).
 *
 * @module
 */

/** What a piece of text is. */
export type Tone = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** Colours a piece of text, or leaves it as it is. */
export type Paint = (tone: Tone, text: string) => string;

const CODES: Readonly<Record<Tone, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
};

/** Colours. */
export const paintColor: Paint = (tone, text) => {
  const [on, off] = CODES[tone];
  return text === "" ? "" : `\x1b[${on}m${text}\x1b[${off}m`;
};

/** Leaves the text as it is. */
export const paintPlain: Paint = (_tone, text) => text;

/** Whether to colour what goes to a stream: a terminal, and nobody said no (https://no-color.org). */
export function wantsColor(
  isTerminal: boolean,
  noColorOption: boolean,
  read: (name: string) => string | undefined,
): boolean {
  return isTerminal && !noColorOption && (read("NO_COLOR") ?? "") === "" && read("TERM") !== "dumb";
}
