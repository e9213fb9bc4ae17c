/**
 * `authsome profile create`: make another identity and use it.
 *
 * @module
 */
import { createIdentity } from "../client/identity.ts";
import type { Command } from "./command.ts";

const options = {
  handle: { summary: "Its name; left out: a generated one", value: "HANDLE" },
} as const;

/** The command. */
export const profileCreate: Command<typeof options> = {
  name: "profile create",
  description:
    "Make a profile, an Ed25519 key that signs your requests to the daemon, and use it. It " +
    "opens the same vault as your other profiles.",
  positionals: [],
  options,
  examples: [{
    line: "authsome profile create --handle ci-laptop",
    says: "with a name of your own",
  }],

  async run({ options }, { settings, voice }) {
    const { facts, created } = await createIdentity(settings, options.handle);
    const { handle, did, registered } = facts;
    voice.result(
      {
        status: created ? "created" : "exists",
        home: settings.home,
        profile: handle,
        did,
        registration_status: registered ? "registered" : "local",
        switched: true,
      },
      () =>
        created
          ? `Made the profile ${handle}; it is in use now`
          : `The profile ${handle} was there; it is in use now`,
    );
  },
};
