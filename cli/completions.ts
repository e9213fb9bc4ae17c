/**
 * `authsome completions`: the script that lets a shell complete authsome's words.
 *
 * @module
 */
import { UsageError } from "../core/errors.ts";
import type { Command } from "./command.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;

const options = {} as const;

/** The command. */
export const completions: Command<typeof options> = {
  name: "completions",
  description:
    "Print a script that completes commands, options, providers and connections in your shell. It " +
    "starts no daemon: connections are offered while one runs.",
  positionals: [{ name: "SHELL" }],
  options,
  examples: [
    { line: 'eval "$(authsome completions bash)"', says: "a line for ~/.bashrc" },
    { line: 'eval "$(authsome completions zsh)"', says: "for ~/.zshrc, below compinit" },
    {
      line: "authsome completions fish > ~/.config/fish/completions/authsome.fish",
      says: "once, for fish",
    },
  ],

  async run({ positionals }, { voice }) {
    const shell = SHELLS.find((name) => name === positionals[0]);
    if (shell === undefined) {
      throw new UsageError(
        `Cannot complete in ${JSON.stringify(positionals[0])}: SHELL is one of ${
          SHELLS.join(", ")
        }`,
      );
    }
    const { lineNodes } = await import("./completion/line_model.ts");
    const script = await makeScript(shell, await lineNodes());
    voice.result({ shell, script }, () => script, { exact: true });
  },
};

async function makeScript(
  shell: typeof SHELLS[number],
  nodes: Awaited<ReturnType<typeof import("./completion/line_model.ts").lineNodes>>,
): Promise<string> {
  switch (shell) {
    case "bash":
      return (await import("./completion/bash_script.ts")).bashScript(nodes);
    case "zsh":
      return (await import("./completion/zsh_script.ts")).zshScript(nodes);
    case "fish":
      return (await import("./completion/fish_script.ts")).fishScript(nodes);
  }
}
