/**
 * `authsome key rotate`: new keys for everything that is kept.
 *
 * @module
 */
import { rotateMasterKey } from "../client/rotate_master_key.ts";
import type { MasterKeySource } from "../core/boot.ts";
import { UsageError } from "../core/errors.ts";
import { askPassphrase, type PassphraseRequest } from "./ask_passphrase.ts";
import type { Command } from "./command.ts";
import { wholeOrNot } from "./outcome_unknown.ts";
import { plural } from "./plural.ts";
import { showProgress } from "./progress.ts";

const options = {
  "new-key-file": { summary: "Read the new key or passphrase from this file", value: "PATH" },
  stdin: { summary: "Read the new key or passphrase from standard input" },
} as const;

const VARIABLE = "AUTHSOME_NEW_MASTER_KEY";

/** The command. */
export const keyRotate: Command<typeof options> = {
  name: "key rotate",
  description: "Seal everything that is kept anew, under a new data key and a new master key, in " +
    "one step that is done or not done. Nothing stops meanwhile. The new master key is made for " +
    "you where the old one is in server/master.key or the keyring; a passphrase is asked for; " +
    "in place of AUTHSOME_MASTER_KEY or its file you bring the new one.",
  positionals: [],
  options,
  examples: [
    { line: "authsome key rotate", says: "asks where something has to be asked" },
    {
      line: "authsome key rotate --new-key-file new.key",
      says: "the next daemon is started with AUTHSOME_MASTER_KEY_FILE=new.key",
    },
    {
      line: "openssl rand -base64 32 | tee new.key | authsome key rotate --stdin",
      says: `the same from standard input; also ${VARIABLE}`,
    },
  ],

  async run({ options }, { openClient, voice, settings }) {
    const client = await openClient();
    const { encryption } = await client.whoami();
    const source = encryption.source as MasterKeySource;
    const isBrought = options.stdin || options["new-key-file"] !== undefined;
    if (isBrought && (source === "key_file" || source === "keyring")) {
      throw new UsageError(`Cannot take your key: this vault's is made for you (${KEPT[source]})`, {
        hint: "Run: authsome key rotate",
      });
    }
    const request: PassphraseRequest = {
      label: source === "passphrase"
        ? "New passphrase of the vault"
        : "New master key of the vault",
      file: options["new-key-file"],
      fileOption: "new-key-file",
      stdin: options.stdin,
      variable: VARIABLE,
      isNew: true,
    };
    // Asked for first: a line that moves would disturb whoever types.
    const newKey = source === "key_file" || source === "keyring"
      ? null
      : await askPassphrase(voice, request);
    const rotation = await (async () => {
      using _progress = showProgress(voice, () => "sealing everything anew");
      return await wholeOrNot(
        "the keys were changed",
        `Run: authsome log --event key_rotate${
          newKey === null ? "" : "    (with the new key, and else with the old one)"
        }`,
        () => rotateMasterKey(client, source, settings, { newKey }),
      );
    })();
    voice.result(
      { ...rotation },
      () => `Changed the keys: ${plural(rotation.records, "record")} sealed anew`,
    );
    if (!rotation.erased) {
      voice.warning(
        "What the old keys had sealed could not be taken out of vault.db yet",
        "Make room on the disk, then run: authsome daemon restart",
      );
    }
    voice.note(WHAT_NOW[source]);
  },
};

const KEPT = { key_file: "server/master.key", keyring: "the keyring" } as const;

const WHAT_NOW: Readonly<Record<MasterKeySource, string>> = {
  key_file: "If you keep a copy of server/master.key, replace it by the new one",
  keyring: "The keyring holds the new key",
  passphrase: "The daemon asks for the new passphrase when it is started again",
  environment: "Put the new key into AUTHSOME_MASTER_KEY before the daemon is started again",
  environment_file:
    "Let AUTHSOME_MASTER_KEY_FILE name the new key's file before the daemon is started again",
};
