/**
 * Rewrites `docs/cli.md` from the register of commands:
 *
 *     deno task cli_page
 *
 * @module
 */
import type { Command, CommandOptions } from "../../cli/command.ts";
import { GLOBAL_OPTIONS } from "../../cli/global_options.ts";
import { usageLine } from "../../cli/help.ts";
import { JSON_SHAPES, type JsonShape } from "../../cli/json_shapes.ts";
import { type CommandEntry, COMMANDS, GROUPS } from "../../cli/mod.ts";
import { say } from "./narrator.ts";

const INTRODUCTION = `# The command line

Made from the register of commands by \`deno task cli_page\`; a test compares. \`authsome COMMAND --help\`
says the same at the terminal.

Results go to standard output, everything else to standard error. With \`--json\` a command prints one
object whose first field is \`"v": 1\`; below, its other fields. A command that fails prints
\`{ "v": 1, "error": string, "message": string, "hint"?: string, … }\` and exits with a code other than 0.
No command takes a secret as an argument.

| Exit code | Meaning                                                      |
| --------: | ------------------------------------------------------------ |
|         0 | done                                                         |
|         1 | something unexpected, or a check that found something wrong  |
|         2 | wrong usage; a login that failed or was cancelled            |
|         3 | no such connection                                           |
|         4 | no such provider, or not allowed                             |
|         5 | the credential is missing or expired, or its refresh failed  |
|         6 | the connection exists                                        |
|         7 | the provider exists                                          |
|         8 | the provider's endpoint cannot be reached                    |
|         9 | the daemon cannot be reached                                 |

\`run\` exits with the code of the command it ran, 128 and the signal's number where a signal ended it,
127 where there is no such command, 126 where it cannot be executed.

## Options for every command
`;

/** The page. */
export async function cliPage(): Promise<string> {
  const parts = [INTRODUCTION, optionLines(GLOBAL_OPTIONS)];
  for (const [group, title] of Object.entries(GROUPS)) {
    parts.push(`## ${title}\n`);
    for (const entry of COMMANDS.filter((one) => one.group === group)) {
      parts.push(commandSection(entry, await entry.load()));
    }
  }
  return await formatMarkdown(parts.join("\n"));
}

function commandSection({ name, aliases = [] }: CommandEntry, command: Command): string {
  const also = aliases.map((alias) => `\`authsome ${alias}\``).join(", ");
  const examples = command.examples.map(({ line, says }) => `# ${says}\n${line}`).join("\n");
  return [
    `### ${name}\n`,
    `${command.description}\n`,
    `\`${usageLine(command)}\`${also === "" ? "" : `, also ${also}`}\n`,
    optionLines(command.options),
    `\`\`\`sh\n${examples}\n\`\`\`\n`,
    jsonLines(JSON_SHAPES[name] ?? null),
  ].filter((part) => part !== "").join("\n");
}

function optionLines(options: CommandOptions): string {
  const lines = Object.entries(options).map(([name, { short, value, summary, choices }]) => {
    const typed = `${short === undefined ? "" : `-${short}, `}--${name}`;
    const among = choices === undefined ? "" : `: ${choices.join(", ")}`;
    return `- \`${typed}${value === undefined ? "" : ` ${value}`}\` ${summary}${among}`;
  });
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

function jsonLines(shape: JsonShape): string {
  if (shape === null) return "With `--json`: what it starts writes its own output.\n";
  const lines = Object.entries(shape).map(([name, type]) => `- \`${name}\`: \`${type}\``);
  return `With \`--json\`:\n\n${lines.join("\n")}\n`;
}

async function formatMarkdown(text: string): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--quiet", "--ext", "md", "-"],
    cwd: new URL("../../", import.meta.url),
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  return new TextDecoder().decode((await child.output()).stdout);
}

if (import.meta.main) {
  await Deno.writeTextFile(new URL("../../docs/cli.md", import.meta.url), await cliPage());
  say("Rewrote docs/cli.md");
}
