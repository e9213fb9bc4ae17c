/**
 * Comparing values that were found elsewhere: who may, what they learn, what is written down.
 *
 * @module
 */
import { deepEqual, equal } from "node:assert/strict";
import type { CompareResult } from "../../core/api.ts";
import { CANARY, grantRun, logIn, openTestDaemon, registerOwner } from "./support/test_daemon.ts";

Deno.test("compare says same, different or missing, and shows neither value", async () => {
  const daemon = await openTestDaemon();
  const owner = await registerOwner(daemon);
  await logIn(owner, "pair", { account_id: "AC1", auth_token: CANARY });

  const response = await owner.call("POST", "/credentials/compare", {
    provider: "pair",
    values: { account_id: "AC1", auth_token: `${CANARY}0`, other: "x", constructor: "y" },
  });
  const text = await response.text();

  deepEqual(JSON.parse(text), {
    provider: "pair",
    connection: "default",
    fields: {
      account_id: "same",
      auth_token: "different",
      other: "missing",
      constructor: "missing",
    },
  });
  equal(text.includes(CANARY), false);
  const noted = daemon.audit.filter(({ event }) => event === "compare");
  deepEqual(noted.map(({ provider, connection }) => [provider, connection]), [["pair", "default"]]);
  equal(JSON.stringify(noted).includes(CANARY), false);
  await daemon.stop();
});

Deno.test("compare without a connection has nothing to compare with", async () => {
  const daemon = await openTestDaemon();
  const owner = await registerOwner(daemon);
  await logIn(owner, "acme");

  const ask = (provider: string, connection?: string) =>
    owner.json<CompareResult>("POST", "/credentials/compare", {
      provider,
      connection,
      values: { api_key: CANARY },
    });

  deepEqual((await ask("acme")).fields, { api_key: "same" });
  equal((await ask("acme", "work")).connection, null);
  equal((await ask("strict")).connection, null);
  equal(
    (await owner.call("POST", "/credentials/compare", { provider: "nope", values: {} })).status,
    404,
  );
  equal((await owner.call("POST", "/credentials/compare", { provider: "acme" })).status, 422);
  await daemon.stop();
});

Deno.test("a run cannot compare: it could guess", async () => {
  const daemon = await openTestDaemon();
  const owner = await registerOwner(daemon);
  await logIn(owner, "acme");
  const { run } = await grantRun(daemon, owner);

  const response = await run.call("POST", "/credentials/compare", {
    provider: "acme",
    values: { api_key: CANARY },
  });

  equal(response.status, 403);
  await response.body?.cancel();
  await daemon.stop();
});
