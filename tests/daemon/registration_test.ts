/**
 * Registering identities: the key signs, and the token shows that the caller may read the home.
 *
 * @module
 */
import { deepEqual, equal, match } from "node:assert/strict";
import type { RegisteredIdentity, WhoAmI } from "../../core/api.ts";
import {
  clientFor,
  newSigner,
  openTestDaemon,
  registerOwner,
  REGISTRATION_TOKEN,
} from "./support/test_daemon.ts";

const HANDLE = "calm-quietly-softly-0001";

Deno.test("the first identity makes the principal and the vault, the next one joins them", async () => {
  const daemon = await openTestDaemon();

  const first = await (await registerOwner(daemon, HANDLE)).json<WhoAmI>("GET", "/whoami");
  const second = await (await registerOwner(daemon, "bold-truly-gladly-0002"))
    .json<WhoAmI>("GET", "/whoami");

  match(first.principal_id, /^principal_[0-9a-f]{12}$/);
  match(first.vault_id, /^vault_[0-9a-f]{12}$/);
  equal(second.principal_id, first.principal_id);
  equal(second.vault_id, first.vault_id);
  await daemon.stop();
});

Deno.test("registering the same pair again is fine", async () => {
  const daemon = await openTestDaemon();
  const owner = await registerOwner(daemon, HANDLE);
  const request = { handle: HANDLE, did: owner.signer.did, registration_token: REGISTRATION_TOKEN };

  const again = await owner.json<RegisteredIdentity>("POST", "/identities/register", request);

  equal(again.status, "registered");
  equal(again.registration_status, "claimed");
  await daemon.stop();
});

Deno.test("a second user's process cannot register without the token", async (t) => {
  const daemon = await openTestDaemon();
  const stranger = clientFor(daemon, await newSigner(HANDLE));
  const base = { handle: HANDLE, did: stranger.signer.did };
  const table: Record<string, readonly [unknown, number]> = {
    "no token": [base, 422],
    "an empty token": [{ ...base, registration_token: "" }, 422],
    "a guess": [{ ...base, registration_token: "guess" }, 403],
    "the token's beginning": [
      { ...base, registration_token: REGISTRATION_TOKEN.slice(0, -1) },
      403,
    ],
    "the token twice": [
      { ...base, registration_token: REGISTRATION_TOKEN + REGISTRATION_TOKEN },
      403,
    ],
  };

  for (const [title, [body, status]] of Object.entries(table)) {
    await t.step(title, async () => {
      const response = await stranger.call("POST", "/identities/register", body);
      const text = await response.text();

      equal(response.status, status, text);
      equal(text.includes(REGISTRATION_TOKEN), false);
    });
  }
  equal((await stranger.call("GET", "/whoami")).status, 401);
  equal(daemon.replay.size, 0, "and fills no memory");
  await daemon.stop();
});

Deno.test("somebody else's key cannot be registered, nor a taken handle", async () => {
  const daemon = await openTestDaemon();
  const owner = await registerOwner(daemon, HANDLE);
  const other = clientFor(daemon, await newSigner("bold-truly-gladly-0002"));
  const renamed = clientFor(daemon, await newSigner(HANDLE));
  const token = { registration_token: REGISTRATION_TOKEN };

  const foreignKey = await other.call("POST", "/identities/register", {
    handle: "bold-truly-gladly-0002",
    did: owner.signer.did,
    ...token,
  });
  const takenHandle = await renamed.call("POST", "/identities/register", {
    handle: HANDLE,
    did: renamed.signer.did,
    ...token,
  });

  equal(foreignKey.status, 401);
  equal(takenHandle.status, 409);
  equal((await takenHandle.json()).error, "IdentityRegistrationError");
  await daemon.stop();
});

Deno.test("whoami tells what the reference tells", async () => {
  const daemon = await openTestDaemon();
  const owner = await registerOwner(daemon, HANDLE);

  const answer = await owner.json<WhoAmI>("GET", "/api/whoami");

  deepEqual({ ...answer, principal_id: "", vault_id: "" }, {
    home: "/home/person/.authsome",
    version: "0.0.0-test",
    encryption: { mode: "local_key", source: "key_file", status: "ok" },
    profile: HANDLE,
    identity: HANDLE,
    did: owner.signer.did,
    registration_status: "claimed",
    principal_id: "",
    vault_id: "",
    daemon_url: "http://127.0.0.1:7998",
  });
  await daemon.stop();
});
