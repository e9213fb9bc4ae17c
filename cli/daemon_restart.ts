/**
 * `authsome daemon restart`: stop the daemon and start it again.
 *
 * @module
 */
import { ensureDaemon, stopDaemon } from "../client/launch.ts";
import { homePaths } from "../core/paths.ts";
import type { Command } from "./command.ts";
import { passphrasePrompt } from "./prompt_passphrase.ts";

const options = {} as const;

/** The command. */
export const daemonRestart: Command<typeof options> = {
  name: "daemon restart",
  description:
    "Stop the daemon and start it again, for instance after a change of server/config.json.",
  positionals: [],
  options,
  examples: [{ line: "authsome daemon restart", says: "logins and runs survive it" }],

  async run(_args, { settings, voice }) {
    const paths = homePaths(settings.home);
    await stopDaemon(paths);
    const { baseUrl } = await ensureDaemon(settings, paths, {
      promptPassphrase: passphrasePrompt(voice),
      note: (text) => voice.note(text),
    });
    voice.result({ status: "restarted", url: baseUrl }, () => `Restarted the daemon at ${baseUrl}`);
  },
};
