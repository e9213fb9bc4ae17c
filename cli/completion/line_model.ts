/**
 * What may be typed at each place of a line: the register as plain words, for the scripts that
 * complete it in a shell.
 *
 * @module
 */
import type { Command, CommandOption, Positional } from "../command.ts";
import { GLOBAL_OPTIONS } from "../global_options.ts";
import { COMMANDS } from "../mod.ts";

/**
 * What completes a value: `=a,b` one of these; `@refs` a provider, or provider/connection;
 * `@providers`, `@connections`, `@profiles`, `@files`, `@commands`; `@none` only the person knows.
 */
export type ValueKind = string;

/** What may follow a command's words; the empty name is the beginning of a line. */
export interface LineNode {
  /** `""`, `daemon`, `daemon start`, an alias. */
  readonly name: string;
  /** Words that lead on to another node, each with what it is for. */
  readonly next: readonly { readonly word: string; readonly summary: string }[];
  readonly options: readonly {
    /** As it is typed: `--flow`, `-n`. */
    readonly word: string;
    readonly summary: string;
    /** null: it takes no value. */
    readonly value: ValueKind | null;
  }[];
  readonly places: readonly ValueKind[];
}

/** Every node, the beginning first. */
export async function lineNodes(): Promise<readonly LineNode[]> {
  const commands = await Promise.all(
    COMMANDS.map(async (entry) => ({ entry, command: await entry.load() as Command })),
  );
  const named = commands.flatMap(({ entry, command }) =>
    [entry.name, ...entry.aliases ?? []].map((name) => ({ name, entry, command }))
  );
  const names = new Set(["", ...named.map(({ name }) => name)]);
  for (const name of [...names]) if (name.includes(" ")) names.add(name.split(" ")[0]!);
  return [...names].map((name) => {
    const found = named.find((one) => one.name === name);
    const members = named.filter((one) => parentOf(one.name) === name && one.name !== "");
    const groups = name !== ""
      ? []
      : [...names].filter((one) =>
        one !== "" && !one.includes(" ") && !named.some((command) => command.name === one)
      );
    return {
      name,
      next: [
        ...members.map((one) => ({
          word: one.name.split(" ").at(-1)!,
          summary: one.entry.summary,
        })),
        ...groups.map((word) => ({ word, summary: `Commands of ${word}` })),
      ],
      options: optionsOf({ ...found?.command.options, ...GLOBAL_OPTIONS }),
      places: found === undefined ? [] : placesOf(found.command),
    };
  });
}

function parentOf(name: string): string {
  return name.includes(" ") ? name.split(" ")[0]! : "";
}

function optionsOf(options: Readonly<Record<string, CommandOption>>): LineNode["options"] {
  return Object.entries(options).flatMap(([name, { summary, short, ...option }]) => {
    const value = option.value === undefined ? null : kindOfOption(name, option);
    return [`--${name}`, ...short === undefined ? [] : [`-${short}`]].map((word) => ({
      word,
      summary,
      value,
    }));
  });
}

function kindOfOption(name: string, { value, choices }: Omit<CommandOption, "summary">): ValueKind {
  if (choices !== undefined) return `=${choices.join(",")}`;
  if (name === "connection" && value === "NAME") return "@connections";
  if (name === "only") return "@refs";
  if (value === "PROVIDER") return "@providers";
  return value === "PATH" ? "@files" : "@none";
}

function placesOf({ positionals, options, passThrough, name }: Command): ValueKind[] {
  if (passThrough === true) return ["@commands"];
  const takesRef = Object.hasOwn(options, "connection");
  return positionals.map((positional) => kindOfPlace(positional, takesRef, name));
}

function kindOfPlace({ name }: Positional, takesRef: boolean, command: string): ValueKind {
  if (name === "PROVIDER") return takesRef ? "@refs" : "@providers";
  if (name === "CONNECTION") return "@connections";
  if (name === "HANDLE") return "@profiles";
  if (name === "PATH") return "@files";
  if (name === "SHELL") return "=bash,zsh,fish";
  return command === "list" ? "@providers" : "@none";
}
