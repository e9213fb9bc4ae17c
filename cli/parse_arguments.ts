/**
 * Reads what was typed behind a command's name.
 *
 * @module
 */
import { UsageError } from "../core/errors.ts";
import { nearest } from "../core/suggestion.ts";
import type { Command, CommandArguments, CommandOption } from "./command.ts";
import { GLOBAL_OPTIONS } from "./global_options.ts";
import { looksLikeKey } from "./looks_like_key.ts";
import { readTokens } from "./read_tokens.ts";

/** The global options of a line. */
export interface GlobalValues {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly noColor: boolean;
  readonly verbose: boolean;
  /** null: the usual place; empty: none. */
  readonly logFile: string | null;
}

/** A line, read. */
export interface ParsedLine {
  readonly global: GlobalValues;
  readonly args: CommandArguments;
}

/**
 * The arguments of a command; global options may stand among them.
 *
 * @throws {UsageError} for an unknown option (with the nearest one), a missing or unwanted value, and
 * too few or too many words.
 */
export function parseArguments(command: Command, args: readonly string[]): ParsedLine {
  const options: Record<string, CommandOption> = { ...command.options, ...GLOBAL_OPTIONS };
  const [own, rest] = splitRest(command, options, args);
  const forms = Object.entries(options).map(([name, { value, short }]) =>
    [name, { takesValue: value !== undefined, short }] as const
  );
  const given = new Map<string, string[]>();
  const positionals: string[] = [];
  for (const token of readTokens(own, Object.fromEntries(forms))) {
    if (token.kind === "positional") {
      positionals.push(token.value);
      continue;
    }
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
    if (option === undefined) throw unknownOption(command, token.rawName, options);
    checkValue(command, token.rawName, option, token.value);
    const values = given.get(token.name) ?? [];
    if (values.length > 0 && option.value !== undefined && option.multiple !== true) {
      throw usage(command, `${token.rawName} is given more than once`);
    }
    given.set(token.name, [...values, token.value ?? ""]);
  }
  checkPositionals(command, positionals);
  return {
    global: {
      json: given.has("json"),
      quiet: given.has("quiet"),
      noColor: given.has("no-color"),
      verbose: given.has("verbose"),
      logFile: given.get("log-file")?.[0] ?? null,
    },
    args: {
      options: Object.fromEntries(
        Object.entries(command.options).map(([name, option]) => {
          const values = given.get(name);
          if (option.multiple === true) return [name, values ?? []];
          return [name, option.value === undefined ? values !== undefined : values?.[0]];
        }),
      ),
      positionals,
      rest,
    },
  };
}

/** Splits at `--`, or in front of the first plain word of a command that passes through. */
function splitRest(
  command: Command,
  options: Readonly<Record<string, CommandOption>>,
  args: readonly string[],
): [readonly string[], readonly string[]] {
  for (let i = 0; i < args.length; i++) {
    const word = args[i]!;
    if (word === "--") return [args.slice(0, i), args.slice(i + 1)];
    if (word.startsWith("-")) {
      const option = options[word.replace(/^-+/, "")];
      if (word.startsWith("--") && option?.value !== undefined) i++;
    } else if (command.passThrough === true) {
      return [args.slice(0, i), args.slice(i)];
    }
  }
  return [args, []];
}

/** Longer than any path (PATH_MAX) or address; a word goes into messages as it is. */
const LONGEST_WORD = 4096;

function checkValue(
  command: Command,
  rawName: string,
  option: CommandOption,
  value: string | undefined,
): void {
  if (option.value === undefined) {
    if (value !== undefined) throw usage(command, `${rawName} takes no value`);
    return;
  }
  // `--connection --force`: the next option is not meant as the value.
  if (value === undefined || value.startsWith("--")) {
    throw usage(command, `${rawName} needs a value (${option.value})`);
  }
  if (value === "" && rawName !== "--log-file") throw usage(command, `${rawName} is empty`);
  if (value.length > LONGEST_WORD) throw usage(command, `${rawName} is too long`);
  if (option.choices !== undefined && !option.choices.includes(value)) {
    throw usage(command, `${rawName} is one of ${option.choices.join(", ")}, not ${show(value)}`);
  }
}

function checkPositionals(command: Command, positionals: readonly string[]): void {
  const missing = command.positionals.find((positional, index) =>
    positional.optional !== true && positionals[index] === undefined
  );
  if (missing !== undefined) throw usage(command, `${missing.name} is missing`);
  const extra = positionals[command.positionals.length];
  if (extra !== undefined) {
    if (command.superfluous !== undefined) throw command.superfluous(positionals);
    throw usage(command, `${showUnlessSecret(extra)} is one word too many`);
  }
  if (positionals.includes("")) throw usage(command, "a word is empty");
  if (positionals.some((word) => word.length > LONGEST_WORD)) {
    throw usage(command, "a word is too long");
  }
}

function unknownOption(
  command: Command,
  rawName: string,
  options: Readonly<Record<string, CommandOption>>,
): UsageError {
  const close = nearest(rawName.replace(/^-+/, ""), Object.keys(options))[0];
  return close === undefined || !rawName.startsWith("--")
    ? usage(command, `there is no option ${show(rawName)}`)
    : new UsageError(`Cannot run authsome ${command.name}: there is no option ${show(rawName)}`, {
      hint: `Did you mean --${close}?`,
    });
}

function usage(command: Command, problem: string): UsageError {
  return new UsageError(`Cannot run authsome ${command.name}: ${problem}`, {
    hint: `Run: authsome ${command.name} --help`,
  });
}

/** Standard error ends in log files: a key that was pasted in the wrong place is not repeated. */
function showUnlessSecret(word: string): string {
  return looksLikeKey(word) ? "the last word" : show(word);
}

/** A word as it was typed, shortened, without anything that could drive the terminal. */
function show(word: string): string {
  // deno-lint-ignore no-control-regex
  const plain = word.replace(/[\x00-\x1f\x7f-\x9f]/g, "?");
  return plain.length > 60 ? `${plain.slice(0, 57)}…` : plain;
}
