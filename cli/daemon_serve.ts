/**
 * `authsome daemon serve`: run the daemon in the foreground.
 *
 * @module
 */
import { serveDaemon } from "../client/launch.ts";
import { homePaths } from "../core/paths.ts";
import type { Command } from "./command.ts";
import { untilInterrupted } from "./interrupt.ts";
import { passphrasePrompt } from "./prompt_passphrase.ts";

const options = {} as const;

/** The command. */
export const daemonServe: Command<typeof options> = {
  name: "daemon serve",
  description:
    "Run the daemon in the foreground until Ctrl-C, for a container or a service manager.",
  positionals: [],
  options,
  examples: [{ line: "authsome daemon serve", says: "its log goes to the terminal" }],

  async run(_args, { settings, voice }) {
    return await untilInterrupted((signal) =>
      serveDaemon(settings, homePaths(settings.home), {
        promptPassphrase: passphrasePrompt(voice),
        note: (text) => voice.note(text),
        signal,
      })
    );
  },
};
