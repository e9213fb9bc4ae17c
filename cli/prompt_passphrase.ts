/**
 * Asks for the vault's passphrase.
 *
 * @module
 */
import type { PromptPassphrase } from "../client/master_key_source.ts";
import { Secret } from "../core/secret.ts";
import { canAsk, promptLine } from "./prompt.ts";
import type { Voice } from "./voice.ts";

/** The asking, or undefined where nobody can be asked. */
export function passphrasePrompt(voice: Voice): PromptPassphrase | undefined {
  if (!canAsk()) return undefined;
  return async ({ confirm }) => {
    for (;;) {
      const passphrase = await promptLine(voice, "Passphrase of the vault", { masked: true });
      if (passphrase === "" || !confirm) return passphrase === "" ? null : new Secret(passphrase);
      const again = await promptLine(voice, "The same once more", { masked: true });
      if (again === passphrase) return new Secret(passphrase);
      voice.instruct("They differ. Try again.");
    }
  };
}
