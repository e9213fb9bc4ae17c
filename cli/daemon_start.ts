/**
 * `authsome daemon start`: start the daemon in the background.
 *
 * @module
 */
import { ensureDaemon } from "../client/launch.ts";
import { homePaths } from "../core/paths.ts";
import type { Command } from "./command.ts";
import { passphrasePrompt } from "./prompt_passphrase.ts";

const options = {} as const;

/** The command. */
export const daemonStart: Command<typeof options> = {
  name: "daemon start",
  description:
    "Start the daemon in the background. Every command that needs it does this by itself.",
  positionals: [],
  options,
  examples: [{
    line: "authsome daemon start",
    says: "also asks for a passphrase, if the vault has one",
  }],

  async run(_args, { settings, voice }) {
    const { baseUrl, started } = await ensureDaemon(settings, homePaths(settings.home), {
      promptPassphrase: passphrasePrompt(voice),
      note: (text) => voice.note(text),
    });
    voice.result(
      { status: started ? "started" : "already_running", url: baseUrl },
      () => started ? `Started the daemon at ${baseUrl}` : `The daemon runs already at ${baseUrl}`,
    );
  },
};
