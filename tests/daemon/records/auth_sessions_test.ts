/**
 * Login sessions: kept with their secrets, and each `state` given once.
 *
 * @module
 */
import assert from "node:assert/strict";
import { VaultConflictError } from "../../../core/errors.ts";
import { Secret } from "../../../core/secret.ts";
import {
  type AuthSessionRecord,
  findByState,
  listAuthSessions,
  newSessionId,
  pruneAuthSessions,
  readAuthSession,
  saveAuthSession,
} from "../../../daemon/records/auth_sessions.ts";
import { readSealedJson, writeSealedJson } from "../../../daemon/records/sealed_json.ts";
import { MemoryVault } from "../../../daemon/vault/memory_vault.ts";
import { minutesLater, NOW } from "./connection_example.ts";

interface Data {
  readonly provider: string;
  readonly code_verifier: Secret | null;
  readonly asked_at: Date;
}

function exampleSession(
  changes: Partial<AuthSessionRecord<Data>> = {},
): AuthSessionRecord<Data> {
  return {
    id: newSessionId(),
    created_at: NOW,
    expires_at: minutesLater(10),
    state: null,
    data: { provider: "github", code_verifier: new Secret("verifier"), asked_at: NOW },
    ...changes,
  };
}

Deno.test("a session comes back with its dates and secrets", async () => {
  const vault = new MemoryVault();
  const session = exampleSession({ state: "the state" });
  await saveAuthSession(vault, session, 0);

  const read = await readAuthSession<Data>(vault, session.id);

  assert.match(session.id, /^sess_[0-9a-f]{32}$/);
  assert.deepEqual(read?.session.expires_at, session.expires_at);
  assert.deepEqual(read?.session.data.asked_at, NOW);
  assert.equal(read?.session.data.code_verifier?.reveal(), "verifier");
  assert.deepEqual((await listAuthSessions<Data>(vault)).map(({ id }) => id), [session.id]);
});

Deno.test("an id from a URL finds nothing, whatever is in it", async () => {
  const vault = new MemoryVault();
  for (const id of ["sess_0", "", "a:b", "../x", "\ud800"]) {
    assert.equal(await readAuthSession(vault, id), null);
  }
});

Deno.test("a state finds its session until the session is saved without it, by one of many", async () => {
  const vault = new MemoryVault();
  const session = exampleSession({ state: "the state" });
  await saveAuthSession(vault, session, 0);
  const { revision } = (await readAuthSession(vault, session.id))!;
  assert.equal(await findByState(vault, "the state"), session.id);
  assert.equal(await findByState(vault, "another"), null);

  const used = await Promise.allSettled(
    Array.from({ length: 5 }, () => saveAuthSession(vault, { ...session, state: null }, revision)),
  );

  assert.equal(used.filter(({ status }) => status === "fulfilled").length, 1);
  assert.equal(await findByState(vault, "the state"), null);
});

Deno.test("a session's new state replaces the old one", async () => {
  const vault = new MemoryVault();
  const session = exampleSession({ state: "old" });
  await saveAuthSession(vault, session, 0);
  const { revision } = (await readAuthSession(vault, session.id))!;
  await saveAuthSession(vault, { ...session, state: "new" }, revision);

  assert.equal(await findByState(vault, "old"), null);
  assert.equal(await findByState(vault, "new"), session.id);
});

Deno.test("of two who save what they read, the second is refused", async () => {
  const vault = new MemoryVault();
  const session = exampleSession();
  await saveAuthSession(vault, session, 0);
  const { revision } = (await readAuthSession(vault, session.id))!;
  await saveAuthSession(vault, session, revision);

  await assert.rejects(saveAuthSession(vault, session, revision), VaultConflictError);
});

Deno.test("no key holds a state in clear", async () => {
  const vault = new MemoryVault();
  await saveAuthSession(vault, exampleSession({ state: "abcdefghijkl" }), 0);
  assert.ok(!(await vault.keys("")).join().includes("abcdefghijkl"));
});

Deno.test("expired sessions are forgotten with their states", async () => {
  const vault = new MemoryVault();
  const current = exampleSession({ state: "b" });
  await saveAuthSession(vault, exampleSession({ state: "a", expires_at: minutesLater(-9) }), 0);
  await saveAuthSession(vault, current, 0);

  assert.equal(await pruneAuthSessions(vault, NOW), 1);

  assert.equal(await findByState(vault, "a"), null);
  assert.equal(await findByState(vault, "b"), current.id);
});

Deno.test("sealed JSON keeps what it is given, and data cannot pass for a secret", () => {
  const data = {
    text: "x",
    list: [1, null, true, { deep: new Date(5) }],
    $secret: "not a secret",
    $$date: "nor a date",
    only: { $date: "2026" },
  };
  const read = readSealedJson(writeSealedJson({ ...data, secret: new Secret("s") })) as
    & typeof data
    & { secret: Secret };
  const { secret, ...rest } = read;
  assert.deepEqual(rest, data);
  assert.ok(secret instanceof Secret && secret.reveal() === "s");
});
