/**
 * `authsome profile refuse`: keep an identity of another machine out.
 *
 * @module
 */
import { readTypedCode } from "./claim_code.ts";
import type { Command } from "./command.ts";

const options = {} as const;

/** The command. */
export const profileRefuse: Command<typeof options> = {
  name: "profile refuse",
  description: "Keep a machine out that asks to be let in.",
  positionals: [{ name: "CODE" }],
  options,
  examples: [{ line: "authsome profile refuse BCDF-GHJK", says: "whoever shows this code" }],

  async run({ positionals }, { openClient, voice }) {
    const code = readTypedCode(positionals[0]!);
    const { handle, did } = await (await openClient()).refuseClaim(code);
    voice.result(
      { status: "refused", profile: handle, did },
      () => `${handle} stays out`,
    );
  },
};
