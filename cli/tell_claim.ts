/**
 * What a person in a container sees while the owner of the daemon is asked to let it in.
 *
 * @module
 */
import { fingerprintOf, type IdentityClaim } from "../core/identity_claim.ts";
import { showProgress } from "./progress.ts";
import type { Voice } from "./voice.ts";

/** Says what to type on the daemon's machine, and shows that it is waited for. */
export async function tellClaim(
  voice: Voice,
  { code, did, expires_at }: IdentityClaim,
): Promise<Disposable> {
  // Worked out here, from the key: nobody in between can say another one.
  const fingerprint = await fingerprintOf(did);
  voice.instruct(
    "The daemon does not know this machine yet. Its owner lets it in with\n\n" +
      `  authsome profile accept ${code}\n\n` +
      "where the daemon runs, and sees the same fingerprint there:\n\n" +
      `  ${fingerprint}\n`,
  );
  const until = new Date(expires_at).toLocaleTimeString("en-GB");
  return showProgress(voice, () => `Waiting to be let in, until ${until}`);
}
