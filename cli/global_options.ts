/**
 * Options that hold for the program and for every command, in either place.
 *
 * @module
 */
import type { CommandOptions } from "./command.ts";

/** The global options. */
export const GLOBAL_OPTIONS = {
  json: { summary: "Print one JSON object on stdout" },
  quiet: { summary: "Say only what was asked for" },
  "no-color": { summary: "No colours (also NO_COLOR=1)" },
  verbose: { summary: "Tell on stderr what is being done" },
  "log-file": { summary: "Keep the client log there; empty for none", value: "PATH" },
  version: { summary: "Print the version", short: "v" },
  help: { summary: "Show help", short: "h" },
} as const satisfies CommandOptions;

/** Global options by the word that is typed. */
const WORDS: ReadonlyMap<string, keyof typeof GLOBAL_OPTIONS> = new Map(
  Object.entries(GLOBAL_OPTIONS).flatMap(([name, option]) => [
    [`--${name}`, name as keyof typeof GLOBAL_OPTIONS] as const,
    ...("short" in option
      ? [[`-${option.short}`, name as keyof typeof GLOBAL_OPTIONS] as const]
      : []),
  ]),
);

/** The global option that a word is, `--log-file=x` included; null for any other word. */
export function globalOption(word: string): keyof typeof GLOBAL_OPTIONS | null {
  const bare = word.startsWith("--") ? word.split("=", 1)[0]! : word;
  return WORDS.get(bare) ?? null;
}
