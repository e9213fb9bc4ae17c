/**
 * Tokens that work once, and a backup of them: what a restore does to a login that was renewed since,
 * and to one that is being renewed right now.
 *
 * @module
 */
import assert from "node:assert/strict";
import { ReauthorizationRequiredError } from "../../../core/errors.ts";
import { makeBackup } from "../../../daemon/broker/make_backup.ts";
import { restoreBackup } from "../../../daemon/broker/restore_backup.ts";
import { typed } from "../../support/oauth_provider.ts";
import { startRudeServer } from "../../support/rude_server.ts";
import { type OAuthDaemon, openOAuthDaemon, OWNER } from "../support/oauth_daemon.ts";
import { rotatingEndpoint } from "../support/rotating_endpoint.ts";

const passphrase = "several words that nobody guesses";

async function backUp({ daemon }: OAuthDaemon): Promise<string> {
  return (await makeBackup(daemon.broker, OWNER, { passphrase })).backup;
}

async function restore({ daemon }: OAuthDaemon, backup: string): Promise<number> {
  const { renewable } = await restoreBackup(daemon.broker, OWNER, {
    backup,
    passphrase,
    force: true,
  });
  return renewable;
}

interface Scene {
  readonly acme: OAuthDaemon;
  readonly token: ReturnType<typeof rotatingEndpoint>;
}

/** A login at a provider whose refresh tokens work once; `before` runs before each of its answers. */
async function withScene(
  work: (scene: Scene) => Promise<void>,
  before: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const token = rotatingEndpoint({ before });
  await using server = await startRudeServer({ "/token": token.answer });
  await using acme = await openOAuthDaemon(server.fetch, {
    oauth: { token_url: `${server.origin}/token` },
  });
  await acme.connect();
  await work({ acme, token });
}

Deno.test("a login that was not renewed since the backup goes on with the restored token", async () => {
  await withScene(async ({ acme }) => {
    const backup = await backUp(acme);

    assert.equal(await restore(acme, backup), 1);
    acme.pass(3600);

    assert.equal(await acme.resolve(), "Bearer access-1");
  });
});

Deno.test("a login that was renewed since says that it needs another, and with which command", async () => {
  await withScene(async ({ acme, token }) => {
    const backup = await backUp(acme);
    acme.pass(3600);
    assert.equal(await acme.resolve(), "Bearer access-1");

    await restore(acme, backup);
    acme.pass(3600);
    const failure = await acme.resolve().then(() => null, (error) => error);

    assert.ok(failure instanceof ReauthorizationRequiredError, String(failure));
    assert.match(failure.hint ?? "", /authsome login acme/);
    assert.equal((await acme.stored()).status, "needs_reauth");
    assert.deepEqual(token.redeemed, ["refresh-0", "refresh-0"], "it was tried once, not again");
  });
});

Deno.test("a renewal that is under way when its own token is restored is kept: it is the only one that works", async () => {
  const scene = { restore: () => Promise.resolve() as Promise<unknown> };
  await withScene(async ({ acme, token }) => {
    const backup = await backUp(acme);
    scene.restore = () => restore(acme, backup);
    acme.pass(3600);

    assert.equal(await acme.resolve(), "Bearer access-1");

    assert.equal((await acme.stored()).secrets["refresh_token"]!.reveal(), "refresh-1");
    assert.deepEqual(token.reused, []);
  }, async () => void await scene.restore());
});

Deno.test("a renewal that is under way when another token is restored is dropped", async () => {
  const scene = { restore: () => Promise.resolve() as Promise<unknown> };
  await withScene(async ({ acme }) => {
    await acme.connect({ secrets: typed({ access_token: "other", refresh_token: "another" }) });
    const backup = await backUp(acme);
    await acme.connect();
    scene.restore = () => restore(acme, backup);
    acme.pass(3600);

    await acme.resolve().catch(() => {});

    assert.equal((await acme.stored()).secrets["refresh_token"]!.reveal(), "another");
  }, async () => void await scene.restore());
});
