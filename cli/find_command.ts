/**
 * Finds the command that a line names, before anything of it is loaded.
 *
 * @module
 */
import { UsageError } from "../core/errors.ts";
import { isMistyped, nearest } from "../core/suggestion.ts";
import { globalOption } from "./global_options.ts";
import { type CommandEntry, COMMANDS } from "./mod.ts";

/** What the line begins with. */
export interface FoundCommand {
  /** null: no command was named. */
  readonly entry: CommandEntry | null;
  /** A group that was named without a command of it: `daemon`. */
  readonly group: string | null;
  /** Everything but the command's words. */
  readonly args: readonly string[];
}

/**
 * Splits a line into its command and the rest; global options may stand in front.
 *
 * @throws {UsageError} for a command that there is not, with the nearest names; also for `backup
 * verfy`, which would otherwise write a backup of that name.
 */
export function findCommand(line: readonly string[]): FoundCommand {
  const start = firstWord(line);
  const word = line[start];
  if (word === undefined || word === "--") return { entry: null, group: null, args: line };
  const second = line[start + 1];
  const grouped = second === undefined ? undefined : lookUp(`${word} ${second}`);
  const entry = grouped ?? lookUp(word);
  if (entry !== undefined) {
    if (entry !== grouped && second !== undefined) refuseMistypedMember(word, second);
    const count = entry === grouped ? 2 : 1;
    return { entry, group: null, args: [...line.slice(0, start), ...line.slice(start + count)] };
  }
  const members = groupMembers(word);
  const rest = [...line.slice(0, start), ...line.slice(start + 1)];
  if (members.length === 0) throw unknown(word, allNames());
  if (second === undefined || second.startsWith("-")) {
    return { entry: null, group: word, args: rest };
  }
  throw unknownMember(word, second, members);
}

/** The full names that begin with a group's word, aliases included. */
export function groupMembers(word: string): string[] {
  return allNames().filter((name) => name.startsWith(`${word} `));
}

/** The register's line for a name or an alias. */
export function lookUp(name: string): CommandEntry | undefined {
  return COMMANDS.find((entry) => entry.name === name || entry.aliases?.includes(name));
}

function firstWord(line: readonly string[]): number {
  let i = 0;
  for (; i < line.length; i++) {
    const word = line[i]!;
    if (word === "--" || !word.startsWith("-")) break;
    // The value of `--log-file PATH` is not the command.
    if (globalOption(word) === "log-file" && !word.includes("=")) i++;
  }
  return i;
}

function refuseMistypedMember(word: string, second: string): void {
  const meant = groupMembers(word).find((name) => isMistyped(second, name.slice(word.length + 1)));
  if (meant === undefined) return;
  throw new UsageError(`Cannot find a command called ${JSON.stringify(`${word} ${second}`)}`, {
    hint: `Did you mean authsome ${meant}?`,
  });
}

function allNames(): string[] {
  return COMMANDS.flatMap((entry) => [entry.name, ...(entry.aliases ?? [])]);
}

function unknown(word: string, candidates: readonly string[]): UsageError {
  return noSuchCommand(word, nearest(word, candidates), "authsome --help");
}

/** Compared without the group's word, which every one of them has. */
function unknownMember(group: string, word: string, members: readonly string[]): UsageError {
  const close = nearest(word, members.map((name) => name.slice(group.length + 1)))
    .map((name) => `${group} ${name}`);
  return noSuchCommand(`${group} ${word}`, close, `authsome ${group}    shows its commands`);
}

function noSuchCommand(word: string, close: readonly string[], otherwise: string): UsageError {
  const meant = close.map((name) => `authsome ${name}`).join(" or ");
  return new UsageError(`Cannot find a command called ${JSON.stringify(word)}`, {
    hint: close.length === 0 ? `Run: ${otherwise}` : `Did you mean ${meant}?`,
  });
}
