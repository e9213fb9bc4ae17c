import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { HANDLE_PATTERN } from "../../client/handle.ts";
import {
  activateIdentity,
  activeHandle,
  createIdentity,
  listIdentities,
  loadSigner,
} from "../../client/identity.ts";
import { signerFromSeed } from "../../client/signing_key.ts";
import { readSettings, type Settings } from "../../core/config.ts";
import { Secret } from "../../core/secret.ts";

/** Settings with a home of their own. */
async function withSettings(
  work: (settings: Settings, set: (env: Record<string, string>) => Settings) => Promise<void>,
): Promise<void> {
  const AUTHSOME_HOME = await Deno.makeTempDir({ prefix: "authsome-" });
  const set = (env: Record<string, string>) =>
    readSettings((name) => ({ AUTHSOME_HOME, ...env })[name]);
  try {
    await work(set({}), set);
  } finally {
    await Deno.remove(AUTHSOME_HOME, { recursive: true });
  }
}

function modeOf(path: string): string {
  return ((Deno.lstatSync(path).mode ?? 0) & 0o7777).toString(8);
}

Deno.test("signerFromSeed() derives the did:key of RFC 8032's first test vector", async () => {
  const seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
  const { did } = await signerFromSeed("me", new Secret(seed));

  // d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a, as multibase base58btc
  equal(did, "did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw");
});

Deno.test("createIdentity() makes a named key that only its owner can read, and uses it", async () => {
  await withSettings(async (settings) => {
    const { facts, created } = await createIdentity(settings);

    equal(created, true);
    match(facts.handle, /^[a-z]+-[a-z]+-[a-z]+-\d{4}$/);
    match(facts.handle, HANDLE_PATTERN);
    const folder = `${settings.home}/client/identities`;
    equal(modeOf(folder), "700");
    for (const name of [`${facts.handle}.key`, `${facts.handle}.json`]) {
      equal(modeOf(`${folder}/${name}`), "600");
    }
    match(await Deno.readTextFile(`${folder}/${facts.handle}.key`), /^[0-9a-f]{64}\n$/);
    equal(await activeHandle(settings), facts.handle);
    equal((await loadSigner(settings))?.did, facts.did);
  });
});

Deno.test("createIdentity() keeps a key that exists, and switches to it", async () => {
  await withSettings(async (settings) => {
    const first = await createIdentity(settings, "work");
    await createIdentity(settings, "home");
    const again = await createIdentity(settings, "work");

    equal(again.created, false);
    equal(again.facts.did, first.facts.did);
    equal(await activeHandle(settings), "work");
  });
});

for (const handle of ["", "A", "-x", "x-", "../../etc/passwd", "a b", "x".repeat(65), "é1"]) {
  Deno.test(`createIdentity() refuses the handle ${JSON.stringify(handle).slice(0, 30)}`, async () => {
    await withSettings(async (settings) => {
      await rejects(createIdentity(settings, handle), { code: "invalid_input" });
      deepEqual(await listIdentities(settings), []);
    });
  });
}

Deno.test("createIdentity() does not write through a symlink", async () => {
  await withSettings(async (settings) => {
    const outside = await Deno.makeTempDir();
    await Deno.mkdir(`${settings.home}/client`, { mode: 0o700 });
    await Deno.symlink(outside, `${settings.home}/client/identities`);

    await rejects(createIdentity(settings, "work"), { code: "unsafe_home" });
    deepEqual([...Deno.readDirSync(outside)], []);
    await Deno.remove(outside);
  });
});

Deno.test("loadSigner() refuses a key that others may read, and says the mending command", async () => {
  await withSettings(async (settings) => {
    const { facts } = await createIdentity(settings);
    const path = `${settings.home}/client/identities/${facts.handle}.key`;
    await Deno.chmod(path, 0o644);

    await rejects(loadSigner(settings), { code: "unsafe_home", hint: `Run: chmod 600 ${path}` });
  });
});

Deno.test("loadSigner() takes key and handle from the environment", async () => {
  await withSettings(async (settings, set) => {
    await createIdentity(settings, "other");
    const AUTHSOME_IDENTITY_PRIVATE_KEY = "ab".repeat(32);

    const named = await loadSigner(set({ AUTHSOME_IDENTITY_PRIVATE_KEY, AUTHSOME_IDENTITY: "ci" }));
    const unnamed = await loadSigner(set({ AUTHSOME_IDENTITY_PRIVATE_KEY }));

    equal(named?.subject, "ci");
    equal(unnamed?.did, named?.did);
    match(unnamed!.subject, HANDLE_PATTERN);
    equal((await loadSigner(set({ AUTHSOME_IDENTITY: "other" })))?.subject, "other");
  });
});

Deno.test("loadSigner() says which profile is missing, and which is there", async () => {
  await withSettings(async (settings, set) => {
    await createIdentity(settings, "laptop");

    await rejects(loadSigner(set({ AUTHSOME_IDENTITY: "latop" })), {
      code: "identity_not_found",
      hint: "Run: authsome profile use laptop",
    });
    await rejects(loadSigner(set({ AUTHSOME_IDENTITY: "../laptop" })), {
      code: "identity_not_found",
    });
    await rejects(activateIdentity(settings, "nobody"), { code: "identity_not_found" });
  });
});

Deno.test("loadSigner() is null in a home without identities, and uses the only one there is", async () => {
  await withSettings(async (settings) => {
    equal(await loadSigner(settings), null);
    const { facts } = await createIdentity(settings);
    await Deno.remove(`${settings.home}/client/config.json`);
    equal((await loadSigner(settings))?.subject, facts.handle);
    await createIdentity(settings);
    await Deno.remove(`${settings.home}/client/config.json`);
    await rejects(loadSigner(settings), { code: "identity_not_found", hint: /profile use/ });
  });
});

Deno.test("a damaged config.json or key is told, never replaced", async () => {
  await withSettings(async (settings) => {
    const { facts } = await createIdentity(settings);
    const config = `${settings.home}/client/config.json`;
    const kept = await Deno.readTextFile(config);
    await Deno.writeTextFile(config, "{half");

    await rejects(activeHandle(settings), { code: "store_unavailable" });
    await rejects(createIdentity(settings, "new-one"), { code: "store_unavailable" });
    equal(await Deno.readTextFile(config), "{half");

    await Deno.writeTextFile(config, kept);
    await Deno.writeTextFile(`${settings.home}/client/identities/${facts.handle}.key`, "00");
    await rejects(loadSigner(settings), { message: /its key file is damaged/ });
  });
});

Deno.test("listIdentities() makes lost facts again from the key", async () => {
  await withSettings(async (settings) => {
    const { facts } = await createIdentity(settings, "work");
    await Deno.remove(`${settings.home}/client/identities/work.json`);
    await Deno.writeTextFile(`${settings.home}/client/identities/notes.txt`, "x", { mode: 0o600 });

    const [found, ...more] = await listIdentities(settings);

    equal(found?.did, facts.did);
    deepEqual(more, []);
    ok(Deno.lstatSync(`${settings.home}/client/identities/work.json`).isFile);
  });
});
