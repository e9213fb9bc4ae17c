/**
 * `authsome daemon stop`: stop the daemon and its relay.
 *
 * @module
 */
import { stopDaemon } from "../client/launch.ts";
import { homePaths } from "../core/paths.ts";
import type { Command } from "./command.ts";

const options = {} as const;

/** The command. */
export const daemonStop: Command<typeof options> = {
  name: "daemon stop",
  description: "Stop the daemon. Runs that go on get no credentials until it is started again.",
  positionals: [],
  options,
  examples: [{ line: "authsome daemon stop", says: "the next command starts it again" }],

  async run(_args, { settings, voice }) {
    const stopped = await stopDaemon(homePaths(settings.home));
    voice.result(
      { status: stopped ? "stopped" : "not_running" },
      () => stopped ? "Stopped the daemon" : "The daemon was not running",
    );
  },
};
