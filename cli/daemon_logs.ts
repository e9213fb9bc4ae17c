/**
 * `authsome daemon logs`: the end of the daemon's log.
 *
 * @module
 */
import { tailDaemonLog } from "../client/daemon_log_file.ts";
import { UsageError } from "../core/errors.ts";
import { homePaths } from "../core/paths.ts";
import type { Command } from "./command.ts";
import { followFile } from "./follow_file.ts";
import { untilInterrupted } from "./interrupt.ts";
import { plainText } from "./plain_text.ts";
import { readCount } from "./read_count.ts";

const DEFAULT_LINES = 80;

const options = {
  lines: { summary: `How many; ${DEFAULT_LINES} unless given`, value: "N", short: "n" },
  follow: { summary: "Go on with what is written, until Ctrl-C", short: "f" },
} as const;

/** The command. */
export const daemonLogs: Command<typeof options> = {
  name: "daemon logs",
  description: "Print the end of the daemon's log. It holds no secrets.",
  positionals: [],
  options,
  examples: [
    { line: "authsome daemon logs -n 20", says: "the last 20 lines" },
    { line: "authsome daemon logs -f", says: "and what comes" },
  ],

  async run({ options }, { settings, voice }) {
    const count = options.lines === undefined
      ? DEFAULT_LINES
      : readCount(options.lines, ["show", "lines"]);
    if (options.follow && voice.json) {
      throw new UsageError("Cannot follow the log with --json: it would never end");
    }
    const paths = homePaths(settings.home);
    const from = options.follow ? sizeOf(paths.server.daemonLog) : 0;
    const lines = tailDaemonLog(paths, count);
    voice.result({ log_file: paths.server.daemonLog, lines }, () => plainText(lines.join("\n")));
    if (lines.length === 0) voice.note("The daemon's log is empty.");
    if (!options.follow) return;
    await untilInterrupted(async (signal) => {
      for await (const text of followFile(paths.server.daemonLog, from, signal)) {
        voice.raw(plainText(text));
        if (voice.isClosed) return;
      }
    });
  },
};

function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch {
    return 0;
  }
}
