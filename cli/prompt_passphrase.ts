/**
 * Asks for the vault's passphrase. Every command could, hardly any has to.
 *
 * @module
 */
import type { PromptPassphrase } from "../client/master_key_source.ts";
import { importLater } from "../core/import_later.ts";
import { MIN_PASSPHRASE_LENGTH, passphraseLength } from "../core/passphrase_rule.ts";
import { Secret } from "../core/secret.ts";
import { canAsk } from "./can_ask.ts";
import type { Voice } from "./voice.ts";

/** The asking, or undefined where nobody can be asked. */
export function passphrasePrompt(voice: Voice): PromptPassphrase | undefined {
  if (!canAsk()) return undefined;
  return async ({ confirm }) => {
    const { promptLine } = await importLater<typeof import("./prompt.ts")>("cli/prompt.ts");
    for (;;) {
      const passphrase = await promptLine(voice, "Passphrase of the vault", { masked: true });
      if (passphrase === "" || !confirm) return passphrase === "" ? null : new Secret(passphrase);
      if (passphraseLength(new Secret(passphrase)) < MIN_PASSPHRASE_LENGTH) {
        voice.instruct(
          `That has fewer than ${MIN_PASSPHRASE_LENGTH} characters. Take several words.`,
        );
        continue;
      }
      const again = await promptLine(voice, "The same once more", { masked: true });
      if (again === passphrase) return new Secret(passphrase);
      voice.instruct("They differ. Try again.");
    }
  };
}
