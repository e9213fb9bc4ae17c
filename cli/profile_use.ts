/**
 * `authsome profile use`: switch to another identity.
 *
 * @module
 */
import { activateIdentity } from "../client/identity.ts";
import type { Command } from "./command.ts";

const options = {} as const;

/** The command. */
export const profileUse: Command<typeof options> = {
  name: "profile use",
  description: "Switch to another profile of this home.",
  positionals: [{ name: "HANDLE" }],
  options,
  examples: [{ line: "authsome profile use ci-laptop", says: "sign as ci-laptop from now on" }],

  async run({ positionals }, { settings, voice }) {
    const { handle, did } = await activateIdentity(settings, positionals[0]!);
    voice.result(
      { status: "active", profile: handle, did },
      () => `The profile ${handle} is in use now`,
    );
    if (settings.identity !== null && settings.identity !== handle) {
      voice.warning(`AUTHSOME_IDENTITY is set to ${settings.identity} and wins over this`);
    }
  },
};
