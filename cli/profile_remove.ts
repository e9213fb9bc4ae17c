/**
 * `authsome profile remove`: take the access of another machine away.
 *
 * @module
 */
import type { Command } from "./command.ts";

const options = {} as const;

/** The command. */
export const profileRemove: Command<typeof options> = {
  name: "profile remove",
  description: "Take the access of a machine that was let in away, and end its runs at once.",
  positionals: [{ name: "HANDLE" }],
  options,
  examples: [{ line: "authsome profile remove calm-otter-4711", says: "the container is gone" }],

  async run({ positionals }, { openClient, voice }) {
    const { handle, runs_ended } = await (await openClient()).removeIdentity(positionals[0]!);
    const runs = runs_ended === 1 ? "1 run was ended" : `${runs_ended} runs were ended`;
    voice.result(
      { status: "removed", profile: handle, runs_ended },
      () => `${handle} has no access any more; ${runs}`,
    );
  },
};
