/**
 * Help: for the program, for a group of commands, for one command. Examples come first.
 *
 * @module
 */
import type { Paint } from "./color.ts";
import type { Command, CommandOptions } from "./command.ts";
import { type FoundCommand, groupMembers, lookUp } from "./find_command.ts";
import { GLOBAL_OPTIONS } from "./global_options.ts";
import { COMMANDS, GROUPS } from "./mod.ts";
import { width } from "./table.ts";
import { wrapText } from "./wrap_text.ts";

/** The help that fits what was asked; ends with a line end. */
export async function helpText(
  { entry, group }: FoundCommand,
  paint: Paint,
  columns: number | null,
): Promise<string> {
  if (entry !== null) return commandHelp(await entry.load(), entry.aliases ?? [], paint, columns);
  if (group !== null) return groupHelp(group, paint, columns);
  return programHelp(paint, columns);
}

const INTRODUCTION = "Your logins and API keys stay encrypted on this computer. `authsome run` " +
  "starts a program, such as an AI agent, whose requests carry them. The program never sees one.";

function programHelp(paint: Paint, columns: number | null): string {
  const widest = Math.max(...COMMANDS.map(({ name }) => name.length));
  const groups = Object.entries(GROUPS).map(([key, title]) => {
    const entries = COMMANDS.filter((entry) => entry.group === key);
    const rows = entries.map(({ name, summary }) => [name.padEnd(widest), summary] as const);
    return `${paint("bold", wrapText(title, columns))}\n${pairs(rows, paint, columns)}`;
  });
  const intro = wrapText(INTRODUCTION, Math.min(columns ?? 88, 88));
  const title = (text: string) => paint("bold", wrapText(text, columns));
  return `${wrapText("authsome: log in once, let any program use it, hand nothing over.", columns)}

${intro}

${title("Three commands to start")}
${
    pairs(
      [
        ["authsome login github", "log in, once; other names: authsome list --all"],
        ["authsome run -- claude", "an agent whose GitHub requests are logged in"],
        ["authsome doctor", "if something does not work"],
      ],
      paint,
      columns,
    )
  }

${groups.join("\n\n")}

${title("Options for every command")}
${optionLines(GLOBAL_OPTIONS, paint, columns)}

More about a command: authsome COMMAND --help
`;
}

function groupHelp(word: string, paint: Paint, columns: number | null): string {
  const rows = groupMembers(word).map((name) => [name, lookUp(name)?.summary ?? ""] as const);
  return `${paint("bold", `authsome ${word}`)}\n${pairs(rows, paint, columns)}

More about a command: authsome ${word} COMMAND --help
`;
}

function commandHelp(
  command: Command,
  aliases: readonly string[],
  paint: Paint,
  columns: number | null,
): string {
  const parts = [
    wrapText(command.description.replaceAll("\n", " "), Math.min(columns ?? 100, 100)),
    `${paint("bold", "Usage")}\n  ${usageLine(command)}`,
    ...section(
      "Examples",
      pairs(command.examples.map(({ line, says }) => [line, says]), paint, columns),
      paint,
    ),
    ...section("Options", optionLines(command.options, paint, columns), paint),
    ...section("Options for every command", optionLines(GLOBAL_OPTIONS, paint, columns), paint),
    ...(aliases.length === 0 ? [] : [
      wrapText(
        `Also called: ${aliases.map((alias) => `authsome ${alias}`).join(", ")}`,
        columns,
        "  ",
      ),
    ]),
  ];
  return `${parts.join("\n\n")}\n`;
}

/** `authsome login PROVIDER [options]`. */
export function usageLine(command: Command): string {
  const words = command.positionals.map(({ name, optional }) => optional ? `[${name}]` : name);
  const options = Object.keys(command.options).length === 0 ? [] : ["[options]"];
  const trailing = command.trailing === undefined ? [] : [command.trailing];
  return ["authsome", command.name, ...words, ...options, ...trailing].join(" ");
}

function section(title: string, body: string, paint: Paint): string[] {
  return body === "" ? [] : [`${paint("bold", title)}\n${body}`];
}

function optionLines(options: CommandOptions, paint: Paint, columns: number | null): string {
  return pairs(
    Object.entries(options).map(([name, { short, value, summary, choices }]) => [
      `${short === undefined ? "" : `-${short}, `}--${name}${
        value === undefined ? "" : ` ${value}`
      }`,
      choices === undefined ? summary : `${summary}: ${choices.join(", ")}`,
    ]),
    paint,
    columns,
  );
}

/** Two columns, or one under the other where there is no room for two. */
function pairs(
  rows: readonly (readonly [string, string])[],
  paint: Paint,
  columns: number | null,
): string {
  const widest = Math.max(0, ...rows.map(([left]) => width(left)));
  const room = (columns ?? 100) - widest - 4;
  return rows.map(([left, right]) => {
    if (room < 24) {
      return `  ${paint("cyan", left.trimEnd())}\n${wrapText(`    ${right}`, columns, "    ")}`;
    }
    // Where nobody looks, one line for each: it is easier to search.
    const lines = columns === null ? right : wrapText(right, room);
    const under = `\n${" ".repeat(widest + 4)}`;
    return `  ${paint("cyan", left)}${" ".repeat(widest - width(left) + 2)}` +
      lines.replaceAll("\n", under);
  }).join("\n");
}
