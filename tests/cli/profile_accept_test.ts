/**
 * `profile accept` where a person sits: the fingerprint is shown, Enter alone lets nobody in, and
 * without a terminal nobody is let in unasked.
 */
import { equal, match } from "node:assert/strict";
import { DaemonClient } from "../../client/daemon_client.ts";
import { generateSeed, signerFromSeed } from "../../client/signing_key.ts";
import { fingerprintOf } from "../../core/identity_claim.ts";
import { homePaths } from "../../core/paths.ts";
import { Secret } from "../../core/secret.ts";
import { HAS_TERMINAL, onTerminal } from "../support/on_terminal.ts";
import { runCli } from "../support/run_cli.ts";
import { withHome } from "../support/temp_home.ts";
import type { TemporaryHome } from "../support/temporary_home.ts";

/** Another machine that asks; its code, and what its owner has to see. */
async function ask(home: TemporaryHome, handle: string) {
  await runCli(home, ["init"]);
  const { port } = JSON.parse(await Deno.readTextFile(homePaths(home.path).server.state));
  const signer = await signerFromSeed(handle, new Secret(generateSeed()));
  using client = new DaemonClient({ baseUrl: `http://127.0.0.1:${port}`, signer });
  const { code } = await client.createClaim({ handle, did: signer.did });
  return { code, fingerprint: await fingerprintOf(signer.did) };
}

Deno.test("the fingerprint is shown, Enter lets nobody in, y does", {
  ignore: !HAS_TERMINAL,
}, async () => {
  await withHome(async (home) => {
    const { code, fingerprint } = await ask(home, "calm-otter");

    const declined = await onTerminal(home, ["profile", "accept", code], [
      { expect: fingerprint },
      { expect: "Is it the fingerprint that the other machine shows? [y/N] ", send: "\r" },
      { expect: "Nothing was changed" },
    ]);
    const accepted = await onTerminal(home, ["profile", "accept", code, "--only", "github"], [
      { expect: "may use" },
      { expect: "github" },
      { expect: "[y/N] ", send: "y\r" },
      { expect: "calm-otter may run programs with github" },
    ]);

    equal(declined.code, 2);
    equal(accepted.code, 0);
    equal(declined.screen.includes("[2m"), false, "colour codes are no text");
  });
});

Deno.test("without a terminal nobody is let in unasked", async () => {
  await withHome(async (home) => {
    const { code } = await ask(home, "calm-otter");

    const unasked = await runCli(home, ["profile", "accept", code]);
    const list = await runCli(home, ["profile", "accept"]);

    equal(unasked.code, 2);
    match(unasked.stderr, /compare the fingerprint above, then run it again with --yes/i);
    match(list.stdout, new RegExp(code), "it still waits");
  });
});

Deno.test("a code is taken as it is typed, and a provider that there is not is told", async () => {
  await withHome(async (home) => {
    const { code } = await ask(home, "calm-otter");

    const typed = code.toLowerCase().replace("-", " ");
    const wrong = await runCli(home, ["profile", "accept", typed, "--only", "gihtub", "--yes"]);
    const right = await runCli(home, ["profile", "accept", typed, "--only", "github", "--yes"]);

    equal(wrong.code, 4);
    match(wrong.stderr, /github/);
    equal(right.code, 0, right.stderr);
  });
});
