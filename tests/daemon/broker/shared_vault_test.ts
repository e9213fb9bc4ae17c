/**
 * Several processes on one vault: of all of them one redeems a refresh token, and a claim that a dead
 * one left behind holds up nobody.
 *
 * @module
 */
import assert from "node:assert/strict";
import {
  EMPTY_JOURNAL,
  journalChange,
  readRefreshJournal,
} from "../../../daemon/records/refresh_journal.ts";
import { MemoryVault } from "../../../daemon/vault/memory_vault.ts";
import { openSqliteVault } from "../../../daemon/vault/sqlite_vault.ts";
import { typed } from "../../support/oauth_provider.ts";
import { startRudeServer } from "../../support/rude_server.ts";
import { type OAuthDaemon, openOAuthDaemon, OWNER, REF } from "../support/oauth_daemon.ts";
import { rotatingEndpoint } from "../support/rotating_endpoint.ts";

Deno.test("two daemons on one SQLite file never both redeem one refresh token", async () => {
  const directory = await Deno.makeTempDir({ prefix: "authsome-shared-" });
  const open = () =>
    openSqliteVault({
      path: `${directory}/vault.db`,
      keyFilePath: `${directory}/master.key`,
      masterKey: { source: "key_file", secret: null },
    });
  const token = rotatingEndpoint();
  await using server = await startRudeServer({ "/token": token.answer });
  const vaults = [await open(), await open(), await open()];
  const daemons: OAuthDaemon[] = [];
  try {
    for (const vault of vaults) {
      daemons.push(
        await openOAuthDaemon(server.fetch, {
          oauth: { token_url: `${server.origin}/token` },
          vault,
          ownsVault: false,
        }),
      );
    }
    await daemons[0]!.connect();

    for (let round = 1; round <= 5; round++) {
      for (const daemon of daemons) daemon.pass(3600);
      const answers = await Promise.all(
        daemons.flatMap((daemon) => Array.from({ length: 20 }, () => daemon.resolve())),
      );
      assert.deepEqual([...new Set(answers)], [`Bearer access-${round}`]);
    }

    assert.equal(token.redeemed.length, 5);
    assert.deepEqual(token.reused, []);
  } finally {
    for (const daemon of daemons) await daemon[Symbol.asyncDispose]();
    for (const vault of vaults) vault.close();
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("another process's claim is waited for, and its tokens are used", async () => {
  const vault = new MemoryVault();
  const answered = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const token = rotatingEndpoint({
    before: async () => {
      arrived.resolve();
      await answered.promise;
    },
  });
  await using server = await startRudeServer({ "/token": token.answer });
  const options = {
    oauth: { token_url: `${server.origin}/token` },
    vault,
    ownsVault: false,
  } as const;
  await using one = await openOAuthDaemon(server.fetch, options);
  await using two = await openOAuthDaemon(server.fetch, options);
  await one.connect();
  one.pass(3600);
  two.pass(3600);

  const first = one.resolve();
  await arrived.promise;
  const second = two.resolve();
  answered.resolve();

  assert.deepEqual(await Promise.all([first, second]), ["Bearer access-1", "Bearer access-1"]);
  assert.deepEqual(token.redeemed, ["refresh-0"]);
});

for (
  const [name, ownsVault, secondsAgo] of [
    ["the daemon that holds the vault's lock takes over a claim at once", true, 1],
    ["a claim on a shared vault runs out", false, 61],
    ["a claim from a clock that was ahead runs out as well", false, -61],
  ] as const
) {
  Deno.test(`after a crash ${name}`, async () => {
    const token = rotatingEndpoint();
    await using server = await startRudeServer({ "/token": token.answer });
    await using acme = await openOAuthDaemon(server.fetch, {
      oauth: { token_url: `${server.origin}/token` },
      ownsVault,
    });
    await acme.connect();
    acme.pass(3600);
    const { vault, clock } = acme.daemon;
    const started_at = new Date(clock.now.getTime() - secondsAgo * 1000);
    await vault.write([
      journalChange(OWNER.vault_id, REF, { ...EMPTY_JOURNAL, holder: "the dead", started_at }),
    ]);

    assert.equal(await acme.resolve(), "Bearer access-1");
    const { journal } = await readRefreshJournal(vault, OWNER.vault_id, REF);
    assert.deepEqual(journal, EMPTY_JOURNAL);
  });
}

Deno.test("after a crash between the answer and the write only a login helps, and it says so", async () => {
  const token = rotatingEndpoint();
  await using server = await startRudeServer({ "/token": token.answer });
  await using acme = await openOAuthDaemon(server.fetch, {
    oauth: { token_url: `${server.origin}/token` },
  });
  await acme.connect();
  await server.fetch(`${server.origin}/token`, {
    method: "POST",
    body: new URLSearchParams({ refresh_token: "refresh-0" }),
  }).then((response) => response.body?.cancel());
  acme.pass(3600);

  await assert.rejects(acme.resolve(), { code: "reauthorization_required" });
  await acme.connect({
    secrets: typed({ access_token: "new", refresh_token: "refresh-1" }),
    obtained_at: acme.daemon.clock.now,
    expires_at: new Date(acme.daemon.clock.now.getTime() + 3_600_000),
  });
  assert.equal(await acme.resolve(), "Bearer new");
});
