/**
 * `authsome daemon status`: whether the daemon and its relay run.
 *
 * @module
 */
import type { DaemonStatus } from "../client/daemon_status.ts";
import { daemonStatus as readStatus } from "../client/launch.ts";
import { homePaths } from "../core/paths.ts";
import type { Command } from "./command.ts";
import { formatFacts } from "./table.ts";
import type { Voice } from "./voice.ts";

const options = {} as const;

/** The command. */
export const daemonStatus: Command<typeof options> = {
  name: "daemon status",
  description: "Show whether the daemon and its egress relay run. Starts nothing.",
  positionals: [],
  options,
  examples: [{ line: "authsome daemon status", says: "address, process, log" }],

  async run(_args, { settings, voice }) {
    const paths = homePaths(settings.home);
    const status = await readStatus(paths);
    voice.result({
      running: status.running,
      url: status.baseUrl,
      pid: status.pid,
      version: status.version,
      started_at: status.startedAt,
      relay: status.relay,
      pid_file: paths.server.pid,
      log_file: status.log,
      problem: status.problem,
    }, () => describe(status, voice));
    if (status.problem !== null) voice.warning(status.problem);
  },
};

function describe(
  { running, baseUrl, pid, version, startedAt, relay, log }: DaemonStatus,
  voice: Voice,
) {
  const facts: [string, string][] = [["log", log]];
  if (running) {
    facts.unshift(
      ["address", baseUrl ?? ""],
      ["process", `${pid}, version ${version}, since ${startedAt}`],
      ["relay", relay?.running === true ? `runs, process ${relay.pid}` : "has ended"],
    );
  }
  const state = running ? voice.paint("green", "The daemon runs") : "The daemon does not run";
  return `${state}\n${formatFacts(facts, voice.paint)}`;
}
