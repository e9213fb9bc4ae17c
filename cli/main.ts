/**
 * One command line from beginning to end: find the command, run it, tell how it ended.
 *
 * @module
 */
import type { DaemonClient } from "../client/daemon_client.ts";
import { readSettings, type Settings } from "../core/config.ts";
import { importLater } from "../core/import_later.ts";
import { homePaths } from "../core/paths.ts";
import { VERSION } from "../core/version.ts";
import { type ClientLog, openClientLog } from "./client_log.ts";
import { wantsAscii } from "./ascii_text.ts";
import { wantsColor } from "./color.ts";
import type { CommandContext } from "./command.ts";
import { exitCode, tellableError } from "./exit_code.ts";
import { findCommand, type FoundCommand } from "./find_command.ts";
import { globalOption } from "./global_options.ts";
import type { GlobalValues } from "./parse_arguments.ts";
import { passphrasePrompt } from "./prompt_passphrase.ts";
import { Voice } from "./voice.ts";

/** Runs the command that `line` names. Returns the exit code. */
export async function main(line: readonly string[]): Promise<number> {
  // Until the line is read, only this much is known of how to speak.
  let voice = openVoice({ ...EARLY, json: beforeRest(line).includes("--json") });
  let log: ClientLog | null = null;
  let name = "";
  try {
    if (line[0] === "__complete") {
      const { completeNames } = await importLater<typeof import("./completion/complete_names.ts")>(
        "cli/completion/complete_names.ts",
      );
      voice.raw((await completeNames(line.slice(1))).map((name) => `${name}\n`).join(""));
      return 0;
    }
    const found = findCommand(line[0] === "help" ? [...line.slice(1), "--help"] : line);
    const asked = askedFor(found);
    if (asked === "version") return tellVersion(voice);
    if (asked === "help" || found.entry === null) {
      const { helpText } = await importLater<typeof import("./help.ts")>("cli/help.ts");
      voice.page(await helpText(found, voice.paint, voice.columns));
      return 0;
    }
    // Behind help and the version, which need neither.
    const [{ parseArguments }, command] = await Promise.all([
      import("./parse_arguments.ts"),
      found.entry.load(),
    ]);
    const { global, args } = parseArguments(command, found.args);
    voice = openVoice(global);
    const settings = readSettings((variable) => Deno.env.get(variable));
    log = openLog(global, settings, voice);
    name = command.name;
    log.write(`${name}: begins`);
    const code = await command.run(args, openContext(settings, voice, log)) ?? 0;
    log.write(`${name}: ends with ${code}`);
    return code;
  } catch (thrown) {
    const error = tellableError(thrown, name);
    log?.write(`${name}: ${thrown instanceof Error ? describe(thrown) : String(thrown)}`);
    voice.status(null);
    voice.error(error);
    return exitCode(error);
  }
}

const EARLY: GlobalValues = {
  json: false,
  quiet: false,
  noColor: false,
  verbose: false,
  logFile: null,
};

/** The words that are ours: those in front of `--`. */
function beforeRest(line: readonly string[]): readonly string[] {
  const end = line.indexOf("--");
  return end < 0 ? line : line.slice(0, end);
}

/** Whether help or the version is wanted, wherever the option stands. */
function askedFor({ entry, args }: FoundCommand): "help" | "version" | null {
  for (const word of beforeRest(args)) {
    const option = globalOption(word);
    if (option === "help" || option === "version") return option;
    // Behind the first plain word of `run curl -v`, every option is the child's.
    if (entry?.name === "run" && !word.startsWith("-")) return null;
  }
  return null;
}

function tellVersion(voice: Voice): number {
  voice.result({ version: VERSION }, () => `authsome ${VERSION}`);
  return 0;
}

function openVoice({ json, quiet, noColor }: GlobalValues): Voice {
  const read = (name: string) => Deno.env.get(name);
  return new Voice({
    json,
    quiet,
    stdout: Deno.stdout,
    stderr: Deno.stderr,
    color: {
      stdout: !json && wantsColor(Deno.stdout.isTerminal(), noColor, read),
      stderr: wantsColor(Deno.stderr.isTerminal(), noColor, read),
    },
    ascii: wantsAscii(read),
    columns: terminalColumns,
  });
}

function terminalColumns(): number | null {
  try {
    return Deno.stderr.isTerminal() ? Deno.consoleSize().columns : null;
  } catch {
    return null; // no terminal on any stream, or one that does not say
  }
}

function openLog({ verbose, logFile }: GlobalValues, settings: Settings, voice: Voice): ClientLog {
  return openClientLog({
    path: logFile === "" ? null : logFile ?? homePaths(settings.home).client.log,
    echo: verbose ? (text) => voice.detail(text) : null,
    // Of the usual place nobody is waiting to read.
    ...(logFile === null ? {} : { onFault: (cause) => tellLogFault(voice, logFile, cause) }),
  });
}

function tellLogFault(voice: Voice, path: string, cause: unknown): void {
  const reason = cause instanceof Error ? cause.message.replace(/ \(os error \d+\).*$/s, "") : "";
  voice.warning(`The log ${path} is not written: ${reason}`, "Name another place: --log-file PATH");
}

function openContext(settings: Settings, voice: Voice, log: ClientLog): CommandContext {
  let client: ReturnType<CommandContext["openClient"]> | null = null;
  return {
    settings,
    voice,
    log,
    openClient: () => client ??= openClient(settings, voice),
  };
}

async function openClient(settings: Settings, voice: Voice): Promise<DaemonClient> {
  const { openOwnerClient } = await importLater<typeof import("../client/owner_client.ts")>(
    "client/owner_client.ts",
  );
  return await openOwnerClient(settings, {
    promptPassphrase: passphrasePrompt(voice),
    note: (text) => voice.note(text),
    tellClaim: async (claim) => {
      const { tellClaim } = await importLater<typeof import("./tell_claim.ts")>(
        "cli/tell_claim.ts",
      );
      return await tellClaim(voice, claim);
    },
  });
}

/** The error with its causes. Messages of ours hold no secret; stacks name files of ours only. */
function describe(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${describe(error.cause)}` : "";
  return `${error.stack ?? error.message}${cause}`;
}
