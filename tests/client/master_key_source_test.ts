import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { type Keyring, type RunKeyringCommand, systemKeyring } from "../../client/keyring.ts";
import { prepareHome } from "../../client/home.ts";
import { findMasterKey, type MasterKeyOptions } from "../../client/master_key_source.ts";
import { readSettings } from "../../core/config.ts";
import { MasterKeyError } from "../../core/errors.ts";
import { homePaths } from "../../core/paths.ts";
import { Secret } from "../../core/secret.ts";
import { makeFakeKeyring } from "../support/fake_keyring.ts";

/** A keyring in memory. */
class MemoryKeyring implements Keyring {
  readonly kept = new Map<string, string>();
  lookUps = 0;
  lookUp(home: string): Promise<Secret | null> {
    this.lookUps++;
    const secret = this.kept.get(home);
    return Promise.resolve(secret === undefined ? null : new Secret(secret));
  }
  store(home: string, secret: Secret): Promise<boolean> {
    this.kept.set(home, secret.reveal());
    return Promise.resolve(true);
  }
}

class Scene {
  readonly directory: string = Deno.makeTempDirSync({ prefix: "authsome-" });
  readonly paths = homePaths(`${this.directory}/home`);
  readonly keyring = new MemoryKeyring();

  constructor() {
    prepareHome(this.paths);
  }

  find(options: Partial<MasterKeyOptions>, environment: Record<string, string> = {}) {
    const settings = readSettings((name) =>
      ({ AUTHSOME_HOME: this.paths.home, ...environment } as Record<string, string>)[name]
    );
    return findMasterKey(settings, this.paths, {
      mode: "auto",
      keyring: this.keyring,
      ...options,
    });
  }

  makeVault(): void {
    Deno.writeTextFileSync(this.paths.server.vault, "", { mode: 0o600 });
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.directory, { recursive: true });
  }
}

Deno.test("findMasterKey() takes the environment before everything else", async () => {
  using scene = new Scene();
  scene.keyring.kept.set(scene.paths.home, "from the keyring");
  const environment = { AUTHSOME_MASTER_KEY: "given" };
  for (const mode of ["auto", "keyring", "passphrase", "local_key"] as const) {
    deepEqual(await scene.find({ mode }, environment), { source: "environment", secret: "given" });
  }
});

Deno.test("findMasterKey() reads the file that AUTHSOME_MASTER_KEY_FILE names", async () => {
  using scene = new Scene();
  const path = `${scene.directory}/key`;
  Deno.writeTextFileSync(path, "in a file\n");
  deepEqual(await scene.find({}, { AUTHSOME_MASTER_KEY_FILE: path }), {
    source: "environment_file",
    secret: "in a file",
  });
});

Deno.test("findMasterKey() refuses a master key file that is missing or empty", async () => {
  using scene = new Scene();
  const path = `${scene.directory}/key`;
  await rejects(scene.find({}, { AUTHSOME_MASTER_KEY_FILE: path }), MasterKeyError);
  Deno.writeTextFileSync(path, "\n");
  await rejects(scene.find({}, { AUTHSOME_MASTER_KEY_FILE: path }), /is empty/);
});

Deno.test("findMasterKey() in auto uses the keyring only where it holds a key and no file does", async () => {
  using scene = new Scene();
  deepEqual(await scene.find({}), { source: "key_file", secret: null });
  scene.keyring.kept.set(scene.paths.home, "kept");
  deepEqual(await scene.find({}), { source: "keyring", secret: "kept" });
  Deno.writeTextFileSync(scene.paths.server.masterKey, "{}", { mode: 0o600 });
  const before = scene.keyring.lookUps;
  deepEqual(await scene.find({}), { source: "key_file", secret: null });
  equal(scene.keyring.lookUps, before, "a keyring dialog for nothing");
});

Deno.test("findMasterKey() makes and keeps a key in the keyring for a new home alone", async () => {
  using scene = new Scene();
  const { secret } = await scene.find({ mode: "keyring" });
  match(secret!, /^[0-9a-f]{64}$/);
  equal((await scene.find({ mode: "keyring" })).secret, secret);
  scene.makeVault();
  scene.keyring.kept.clear();
  await rejects(scene.find({ mode: "keyring" }), /the keyring holds no key for this home/);
});

Deno.test("findMasterKey() without a keyring says what to set instead", async () => {
  using scene = new Scene();
  await rejects(scene.find({ mode: "keyring", keyring: null }), (error) => {
    ok(error instanceof MasterKeyError);
    match(error.hint ?? "", /local_key/);
    return true;
  });
});

Deno.test("findMasterKey() asks for the passphrase, twice the first time", async () => {
  using scene = new Scene();
  const confirms: boolean[] = [];
  const promptPassphrase = ({ confirm }: { confirm: boolean }) => {
    confirms.push(confirm);
    return Promise.resolve(new Secret("correct horse"));
  };
  const expected = { source: "passphrase", secret: "correct horse" };
  deepEqual(await scene.find({ mode: "passphrase", promptPassphrase }), expected);
  scene.makeVault();
  deepEqual(await scene.find({ mode: "passphrase", promptPassphrase }), expected);
  deepEqual(confirms, [true, false]);
});

Deno.test("findMasterKey() refuses to guess a passphrase", async () => {
  using scene = new Scene();
  await rejects(scene.find({ mode: "passphrase" }), /there is no terminal/);
  const promptPassphrase = () => Promise.resolve(null);
  await rejects(scene.find({ mode: "passphrase", promptPassphrase }), /no passphrase was given/);
});

const OUTCOMES:
  readonly (readonly [string, Awaited<ReturnType<RunKeyringCommand>>, string | null])[] = [
    ["a kept secret", { code: 0, output: "kept\n" }, "kept"],
    ["no secret", { code: 1, output: "" }, null],
    ["no D-Bus", { code: 1, output: "Cannot autolaunch D-Bus" }, null],
    ["no secret-tool", null, null],
  ];

for (const os of ["linux", "darwin"] as const) {
  for (const [name, result, secret] of OUTCOMES) {
    Deno.test(`the keyring of ${os} answers ${secret} to ${name}`, async () => {
      const keyring = systemKeyring(os, () => Promise.resolve(result))!;
      equal((await keyring.lookUp("/home"))?.reveal() ?? null, secret);
    });
  }

  Deno.test(`the keyring of ${os} gets a secret over standard input, never as an argument`, async () => {
    const calls: { readonly args: string; readonly input: string }[] = [];
    const keyring = systemKeyring(os, (program, args, input) => {
      calls.push({ args: [program, ...args].join(" "), input });
      return Promise.resolve({ code: 0, output: "hunter2" });
    })!;
    equal(await keyring.store("/home/ann/.authsome", new Secret("hunter2")), true);
    ok(calls.some(({ input }) => input.includes("hunter2")));
    ok(calls.every(({ args }) => !args.includes("hunter2")));
  });
}

Deno.test("a command killed before it has given the key leaves the kept one in the keyring", async () => {
  using scene = new Scene();
  const fake = makeFakeKeyring(scene.directory);
  let hasGiven = false;
  const keyring = systemKeyring("linux", async (program, args, input) => {
    const child = new Deno.Command(program, {
      args: [...args],
      env: { PATH: `${fake.bin}:${Deno.env.get("PATH")}` },
      stdin: "piped",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const writer = child.stdin.getWriter();
    // The second time it is killed before it writes.
    if (!hasGiven) await writer.write(new TextEncoder().encode(input));
    await writer.close();
    hasGiven = true;
    return { code: (await child.status).code, output: "" };
  })!;
  equal(await keyring.store(scene.paths.home, new Secret("old new")), true);
  equal(await keyring.store(scene.paths.home, new Secret("third")), false);
  equal(fake.kept(scene.paths.home), "old new");
});

Deno.test("the keyring of macOS refuses what its command line could not quote", async () => {
  const keyring = systemKeyring("darwin", () => Promise.resolve({ code: 0, output: "" }))!;
  equal(await keyring.store('/home/"; delete-keychain', new Secret("x")), false);
});

Deno.test("no keyring is spoken to on Windows", () => {
  equal(systemKeyring("windows"), null);
});
