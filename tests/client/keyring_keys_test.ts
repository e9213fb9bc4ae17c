/**
 * Master keys in a keyring: one, or several while they are being changed.
 *
 * @module
 */
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { DaemonClient } from "../../client/daemon_client.ts";
import { prepareHome } from "../../client/home.ts";
import type { Keyring } from "../../client/keyring.ts";
import { joinKeys, keyringBoot, settleKeyring, splitKeys } from "../../client/keyring_keys.ts";
import { rotateMasterKey } from "../../client/rotate_master_key.ts";
import { readSettings } from "../../core/config.ts";
import { MasterKeyError, OperationNotAllowedError, VaultSealError } from "../../core/errors.ts";
import { type HomePaths, homePaths } from "../../core/paths.ts";
import { Secret } from "../../core/secret.ts";

const [A, B, C] = ["a", "b", "c"].map((letter) => letter.repeat(64)) as [string, string, string];

Deno.test("keys of ours are split; what somebody put there by hand is one key", () => {
  const split = (text: string) => splitKeys(new Secret(text)).map((key) => key.reveal());
  deepEqual(split(A), [A]);
  deepEqual(split(`${A} ${B} ${C}`), [A, B, C]);
  for (const text of ["correct horse battery", `${A} horse`, `${A}  ${B}`, A.toUpperCase()]) {
    deepEqual(split(text), [text]);
  }
  equal(joinKeys([A, B].map((key) => new Secret(key))).reveal(), `${A} ${B}`);
});

Deno.test("the boot line has further keys only where there are some", () => {
  deepEqual(keyringBoot(new Secret(A)), { source: "keyring", secret: A });
  deepEqual(keyringBoot(new Secret(`${A} ${B}`)), { source: "keyring", secret: A, others: [B] });
});

/** A keyring that remembers everything it was ever given. */
class RecordingKeyring implements Keyring {
  readonly given: string[] = [];
  takes = true;
  constructor(public kept: string | null) {}
  lookUp(): Promise<Secret | null> {
    return Promise.resolve(this.kept === null ? null : new Secret(this.kept));
  }
  store(_home: string, secret: Secret): Promise<boolean> {
    if (!this.takes) return Promise.resolve(false);
    this.kept = secret.reveal();
    this.given.push(this.kept);
    return Promise.resolve(true);
  }
}

async function withHome(work: (paths: HomePaths) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "authsome-keyring-" });
  const paths = homePaths(`${directory}/home`);
  prepareHome(paths);
  await work(paths).finally(() => Deno.remove(directory, { recursive: true }));
}

function daemonOpenedWith(paths: HomePaths, master_key: number | undefined): void {
  const state = {
    pid: 1,
    relay_pid: 1,
    host: "127.0.0.1",
    port: 1,
    version: "1",
    instance: "x",
    started_at: "now",
    ...(master_key === undefined ? {} : { master_key }),
  };
  Deno.writeTextFileSync(paths.server.state, JSON.stringify(state), { mode: 0o600 });
}

Deno.test("after a start only the key stays that opened the vault", async () => {
  await withHome(async (paths) => {
    const several = keyringBoot(new Secret(`${A} ${B} ${C}`));
    for (const [opened, left] of [[0, A], [2, C]] as const) {
      const keyring = new RecordingKeyring(`${A} ${B} ${C}`);
      daemonOpenedWith(paths, opened);
      await settleKeyring(paths, several, keyring);
      equal(keyring.kept, left);
    }
    for (const unknown of [undefined, 7]) {
      const keyring = new RecordingKeyring(`${A} ${B} ${C}`);
      daemonOpenedWith(paths, unknown);
      await settleKeyring(paths, several, keyring);
      deepEqual(keyring.given, [], "nothing is known: all of them stay");
    }
    const keyring = new RecordingKeyring(A);
    daemonOpenedWith(paths, 0);
    await settleKeyring(paths, keyringBoot(new Secret(A)), keyring);
    deepEqual(keyring.given, []);
  });
});

/** A client of a daemon that answers as said. */
function clientOf(answer: (body: { new_key?: string }) => Response): DaemonClient {
  return new DaemonClient({
    baseUrl: "http://127.0.0.1:1",
    signer: null,
    fetch: (_url, init) => {
      const body = new TextDecoder().decode(init.body as Uint8Array);
      return Promise.resolve(answer(JSON.parse(body)));
    },
  });
}

function settingsOf(paths: HomePaths, more: Record<string, string> = {}) {
  const environment: Record<string, string> = { AUTHSOME_HOME: paths.home, ...more };
  return readSettings((name) => environment[name]);
}

const ROTATED = { status: "rotated", source: "keyring", records: 1, key_id: 2, erased: true };

Deno.test("the keyring holds the new key before the vault has it, and the old one until then", async () => {
  await withHome(async (paths) => {
    const keyring = new RecordingKeyring(A);
    let heldMeanwhile = "";
    let sent = "";
    const client = clientOf(({ new_key }) => {
      heldMeanwhile = keyring.kept!;
      sent = new_key!;
      return Response.json(ROTATED);
    });

    await rotateMasterKey(client, "keyring", settingsOf(paths), { newKey: null, keyring });

    ok(/^[0-9a-f]{64}$/.test(sent) && sent !== A);
    equal(heldMeanwhile, `${A} ${sent}`);
    equal(keyring.kept, sent);
  });
});

Deno.test("a change that failed, or of which nothing was heard, leaves both keys; the next adds a third", async () => {
  await withHome(async (paths) => {
    const keyring = new RecordingKeyring(A);
    const failing = clientOf(() => {
      throw new TypeError("the daemon was killed");
    });
    await rejects(
      rotateMasterKey(failing, "keyring", settingsOf(paths), { newKey: null, keyring }),
    );
    const [first, second] = keyring.kept!.split(" ");
    equal(first, A);

    let held = "";
    const client = clientOf(() => {
      held = keyring.kept!;
      return Response.json(ROTATED);
    });
    await rotateMasterKey(client, "keyring", settingsOf(paths), { newKey: null, keyring });

    ok(held.startsWith(`${A} ${second} `) && held.split(" ").length === 3);
  });
});

Deno.test("a change that the daemon refuses leaves the old key alone in the keyring", async () => {
  await withHome(async (paths) => {
    const keyring = new RecordingKeyring(A);
    const client = clientOf(() =>
      Response.json(
        { error: "VaultSealError", message: "Cannot open the record acme: it was changed" },
        { status: 500 },
      )
    );

    const options = { newKey: null, keyring };
    await rejects(
      rotateMasterKey(client, "keyring", settingsOf(paths), options),
      VaultSealError,
    );

    equal(keyring.kept, A);
  });
});

Deno.test("a keyring that gives or takes nothing stops the change before the daemon is asked", async () => {
  await withHome(async (paths) => {
    const client = clientOf(() => {
      throw new Error("the daemon was asked");
    });
    const locked = new RecordingKeyring(A);
    locked.takes = false;
    for (const keyring of [new RecordingKeyring(null), locked, null]) {
      const rotating = rotateMasterKey(client, "keyring", settingsOf(paths), {
        newKey: null,
        keyring,
      });
      await rejects(rotating, MasterKeyError);
    }
    const elsewhere = settingsOf(paths, { AUTHSOME_DAEMON_URL: "https://authsome.example" });
    const options = { newKey: null, keyring: new RecordingKeyring(A) };
    await rejects(
      rotateMasterKey(client, "keyring", elsewhere, options),
      OperationNotAllowedError,
    );
  });
});

Deno.test("a key of the person's own is handed on, and one that the daemon makes is not asked for", async () => {
  await withHome(async (paths) => {
    const seen: unknown[] = [];
    const client = clientOf((body) => {
      seen.push(body);
      return Response.json(ROTATED);
    });
    const settings = settingsOf(paths);
    await rotateMasterKey(client, "passphrase", settings, { newKey: new Secret("words words") });
    await rotateMasterKey(client, "environment_file", settings, { newKey: new Secret(B) });
    await rotateMasterKey(client, "key_file", settings, { newKey: null });
    deepEqual(seen, [{ new_key: "words words" }, { new_key: B }, {}]);
  });
});
