/**
 * The code of a claim, as it was typed.
 *
 * @module
 */
import { UsageError } from "../core/errors.ts";
import { readClaimCode } from "../core/identity_claim.ts";

/** In its one spelling. @throws {UsageError} for what cannot be a code. */
export function readTypedCode(text: string): string {
  const code = readClaimCode(text);
  if (code !== null) return code;
  throw new UsageError(`Cannot use the code ${JSON.stringify(text.slice(0, 40))}: it is not one`, {
    hint: "A code looks like BCDF-GHJK. Run: authsome profile accept    lists who waits",
  });
}
