/**
 * `authsome profile list`: the identities of this home.
 *
 * @module
 */
import { activeHandle, listIdentities } from "../client/identity.ts";
import type { Command } from "./command.ts";
import { formatTable } from "./table.ts";

const options = {} as const;

/** The command. */
export const profileList: Command<typeof options> = {
  name: "profile list",
  description: "List the profiles of this home.",
  positionals: [],
  options,
  examples: [{ line: "authsome profile list", says: "which there are, which is in use" }],

  async run(_args, { settings, voice }) {
    const identities = await listIdentities(settings);
    const active = await activeHandle(settings).catch(() => null);
    const profiles = identities.map((facts) => ({
      profile: facts.handle,
      did: facts.did,
      active: facts.handle === active,
      registration_status: facts.registered ? "registered" : "local",
      created_at: facts.created_at,
    }));
    voice.result(
      { profiles },
      () =>
        profiles.length === 0 ? "There is no profile yet. Run: authsome init" : formatTable(
          {
            head: ["Profile", "In use", "DID"],
            rows: profiles.map(({ profile, active, did }) => [
              { text: profile, tone: "cyan" },
              { text: active ? "yes" : "", tone: "green" },
              { text: did, tone: "dim" },
            ]),
          },
          voice.columns,
          voice.paint,
        ),
    );
  },
};
