/**
 * `authsome init`: make the first profile and make it known to the daemon.
 *
 * @module
 */
import { activeHandle, createIdentity } from "../client/identity.ts";
import { chooseEncryption } from "../client/encryption_choice.ts";
import type { EncryptionMode } from "../core/config.ts";
import type { Command } from "./command.ts";
import { formatFacts } from "./table.ts";

const options = {
  encryption: {
    summary: "Where the vault's key is kept",
    value: "MODE",
    choices: ["auto", "local_key", "keyring", "passphrase"],
  },
} as const;

/** The command. */
export const init: Command<typeof options> = {
  name: "init",
  description:
    "Make your profile and your encrypted vault. Safe to repeat; other commands do it by " +
    "themselves when they are the first.",
  positionals: [],
  options,
  examples: [
    { line: "authsome init", says: "the vault's key goes into a file only you can read" },
    { line: "authsome init --encryption keyring", says: "into the system's keyring" },
    { line: "authsome init --encryption passphrase", says: "nowhere: you type it" },
  ],

  async run({ options }, { settings, openClient, voice }) {
    if (options.encryption !== undefined) {
      await chooseEncryption(settings, options.encryption as EncryptionMode);
    }
    if (settings.identityPrivateKey === null && await activeHandle(settings) === null) {
      await createIdentity(settings);
    }
    const client = await openClient();
    const who = await client.whoami();
    voice.result({
      status: "initialized",
      home: who.home,
      profile: who.profile,
      did: who.did,
      registration_status: "registered",
      encryption: who.encryption,
    }, () =>
      `${voice.paint("green", "authsome is ready")}\n` +
      formatFacts([["home", who.home], ["profile", who.profile], ["did", who.did]], voice.paint));
    voice.note("Next: authsome login PROVIDER (every name: authsome list --all)");
  },
};
