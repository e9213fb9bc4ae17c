/**
 * Transcripts: what a person types and what they see, as a text file that is played and compared.
 *
 * A line that begins with `$ ` is a command for a shell in which `authsome` is this checkout's. Below
 * it stands what it wrote: standard output as it is, standard error behind `2> `, and `exit N` where
 * it did not end with 0. A line that begins with `# ` is for the reader. What differs from run to run
 * is written as `<TIME>`, `<HOME>` and the like.
 *
 * @module
 */
import { AUTHSOME, runProgram } from "./run_cli.ts";
import { ROOT, type TemporaryHome } from "./temporary_home.ts";
import { VERSION } from "../../core/version.ts";

/** The transcript with what really happened in it; the same text when all is as it should be. */
export async function playTranscript(
  home: TemporaryHome,
  text: string,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const program = await installCommand(home);
  const played: string[] = [];
  for (const line of text.split("\n")) {
    if (line.startsWith("# ")) played.push(...gap(played), line);
    if (!line.startsWith("$ ")) continue;
    const { code, stdout, stderr } = await runProgram(home, ["/bin/sh", "-c", line.slice(2)], {
      env: {
        ...env,
        // What the person of this machine keeps in files of other tools is no part of the play.
        HOME: home.directory,
        DENO_DIR: Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno`,
        PATH: `${program}:${Deno.env.get("PATH") ?? "/usr/bin:/bin"}`,
      },
    });
    const isExplained = played.at(-1)?.startsWith("# ") ?? false;
    played.push(...(isExplained ? [] : gap(played)), line);
    played.push(...linesOf(stable(stdout, home)).map(escapeLine));
    played.push(...linesOf(stable(stderr, home)).map((line) => `2> ${line}`.trimEnd()));
    if (code !== 0) played.push(`exit ${code}`);
  }
  return `${played.join("\n")}\n`;
}

/** A directory with an `authsome` in it. */
async function installCommand(home: TemporaryHome): Promise<string> {
  const directory = `${home.directory}/bin`;
  await Deno.mkdir(directory, { recursive: true });
  const words = AUTHSOME.map((word) => `'${word}'`).join(" ");
  await Deno.writeTextFile(`${directory}/authsome`, `#!/bin/sh\nexec ${words} "$@"\n`, {
    mode: 0o700,
  });
  return directory;
}

/** What differs from run to run, by what it is. */
const VARYING: readonly (readonly [RegExp, string])[] = [
  [/did:key:z[1-9A-HJ-NP-Za-km-z]+/g, "<DID>"],
  [/\b[a-z]+-[a-z]+ly-[a-z]+ly-\d{4}\b/g, "<PROFILE>"],
  [/\b(vault|principal|grant)_[0-9a-f]{12,24}\b/g, "<$1>"],
  [/\bsess_[0-9a-f]{32}\b/g, "<session>"],
  [/127\.0\.0\.1(:|%3A)\d+/g, "127.0.0.1$1<PORT>"],
  [/\bclient_id=[\w-]{30,}/g, "client_id=<registered>"],
  [/\btoken=[0-9a-f]{64}\b/g, "token=<token>"],
  [/\b(state|nonce|code_challenge)=[\w-]+/g, "$1=<$1>"],
  [/\b[B-DF-HJ-NP-TV-XZ]{4}-[B-DF-HJ-NP-TV-XZ]{4}\b/g, "<CODE>"],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, "<TIME>"],
  [/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b/g, "<DAY AND TIME>"],
  [/"[0-9a-f]{64}"/g, '"<HASH>"'],
  [/\brun [0-9a-f]{8}\b/g, "run <RUN>"],
  [/("?\b(?:pid|process)"?:? +)\d+/g, "$1<PID>"],
  [/\bpid=\d+/g, "pid=<PID>"],
  [/\bport=\d+/g, "port=<PORT>"],
];

function stable(text: string, home: TemporaryHome): string {
  const named = text
    .replaceAll(home.path, "<HOME>")
    .replaceAll(home.directory, "<DIRECTORY>")
    .replaceAll(ROOT, "<CHECKOUT>/")
    .replaceAll(VERSION, "<VERSION>");
  return VARYING.reduce((before, [pattern, name]) => before.replace(pattern, name), named);
}

function linesOf(text: string): string[] {
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}

/** Output that would read as something else in a transcript. */
function escapeLine(line: string): string {
  return /^(\$ |# |2> |1> |exit \d)/.test(line) ? `1> ${line}` : line;
}

function gap(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [""];
}
