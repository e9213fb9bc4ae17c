/**
 * Backups and new keys as a person meets them: the real command line, the confined daemon, a run that
 * goes on meanwhile, processes that are killed.
 *
 * @module
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { DaemonState } from "../../core/boot.ts";
import { homePaths } from "../../core/paths.ts";
import { Secret } from "../../core/secret.ts";
import { encodeBackup } from "../../daemon/records/backup_codec.ts";
import { sealBackup } from "../../daemon/records/backup_file.ts";
import { pendingDefinitionsChange } from "../../daemon/records/pending_definitions.ts";
import { openSqliteVault } from "../../daemon/vault/sqlite_vault.ts";
import { ACME_HOST, ACME_KEY, openAcmeHome } from "../support/acme_home.ts";
import { startRun } from "../support/background_run.ts";
import { exampleBackup, exampleDefinition } from "../support/backup_example.ts";
import { works } from "../support/client_programs.ts";
import { makeFakeKeyring } from "../support/fake_keyring.ts";
import { CAN_BE_REFUSED, WITHOUT_OVERRIDE } from "../support/refused_by_modes.ts";
import { AUTHSOME, cleanEnvironment, runCli, runProgram } from "../support/run_cli.ts";
import { startCommand } from "../support/running_command.ts";
import { withHome } from "../support/temp_home.ts";
import type { TemporaryHome } from "../support/temporary_home.ts";

const PASSPHRASE = "several words that nobody guesses";
const KEY = "sk-proj-0123456789abcdefghijklmn";
const LATER_KEY = "ak_live_00000000000000000000000000000000";

/** Runs a command that must succeed; gives what it printed with `--json`. */
async function succeed<T = Record<string, unknown>>(
  home: TemporaryHome,
  args: readonly string[],
  input = "",
  env: Readonly<Record<string, string>> = {},
): Promise<T> {
  const { code, stdout, stderr } = await runCli(home, [...args, "--json"], { input, env });
  equal(code, 0, `${args.join(" ")}: ${stdout}${stderr}`);
  return JSON.parse(stdout) as T;
}

Deno.test(
  "a run goes on through a restore and through new keys, with what is kept at each moment",
  {
    ignore: !await works("curl", "--version"),
  },
  async () => {
    const acme = await openAcmeHome();
    try {
      const { home, api } = acme;
      await succeed(home, ["backup", "all.backup", "--stdin"], PASSPHRASE);
      await succeed(home, ["login", "acme", "--stdin", "--force"], LATER_KEY);
      const script =
        `while read line; do curl -s -o /dev/null https://${ACME_HOST}/$line; echo $line; done`;
      const run = startRun(acme, script, { SSL_CERT_FILE: `${home.directory}/acme-roots.pem` });
      const ask = async (path: string) => {
        await run.type(path);
        await run.says(path);
        return api.requests.at(-1)!.headers.get("x-api-key");
      };

      equal(await ask("before"), LATER_KEY);
      await succeed(home, ["restore", "all.backup", "--stdin", "--force"], PASSPHRASE);
      equal(await ask("restored"), ACME_KEY);
      await succeed(home, ["key", "rotate"]);
      equal(await ask("rotated"), ACME_KEY);
      await succeed(home, ["daemon", "restart"]);
      equal(await ask("restarted"), ACME_KEY);

      await run.finish();
    } finally {
      await acme.close();
    }
  },
);

Deno.test("no file of the home, and no line of a log, holds the passphrase or a restored key", async () => {
  await withHome(async (home) => {
    await succeed(home, ["login", "openai", "--stdin"], KEY);
    await succeed(home, ["backup", "all.backup", "--stdin"], PASSPHRASE);
    await succeed(home, ["restore", "all.backup", "--stdin", "--force"], PASSPHRASE);
    await runCli(home, ["backup", "verify", "all.backup", "--stdin"], { input: `${PASSPHRASE}!` });
    await succeed(home, ["key", "rotate"]);
    await succeed(home, ["daemon", "stop"]);

    deepEqual(await home.filesHolding(PASSPHRASE), []);
    deepEqual(await home.filesHolding(KEY), []);
    const backup = await Deno.readFile(`${home.directory}/all.backup`);
    ok(!new TextDecoder("latin1").decode(backup).includes(KEY));
  });
});

/** A backup of ten thousand connections, sealed as any other. */
async function writeLargeBackup(path: string): Promise<void> {
  const text = encodeBackup(exampleBackup("a", 5_000));
  await Deno.writeFile(path, await sealBackup(text, new Secret(PASSPHRASE)), { mode: 0o600 });
}

Deno.test("ten thousand connections are restored, backed up again, verified, sealed anew", async () => {
  await withHome(async (home) => {
    await writeLargeBackup(`${home.directory}/large.backup`);

    const restored = await succeed(home, ["restore", "large.backup", "--stdin"], PASSPHRASE);
    equal(restored.connections, 10_000);
    const made = await succeed(home, ["backup", "again.backup", "--stdin"], PASSPHRASE);
    const verified = await succeed(
      home,
      ["backup", "verify", "again.backup", "--stdin"],
      PASSPHRASE,
    );
    deepEqual(verified.providers, made.providers);
    const rotated = await succeed(home, ["key", "rotate"]);
    ok(rotated.records as number > 10_000);
    await succeed(home, ["daemon", "restart"]);
    const shown = await succeed(home, ["get", "own-a/c4999"]);
    equal(shown.status, "connected");
  });
});

Deno.test("a daemon that starts behind a restore that was cut short writes its definitions first", async () => {
  await withHome(async (home) => {
    const { server } = homePaths(home.path);
    const acme = JSON.stringify(exampleDefinition("acme", "old"));
    await Deno.writeTextFile(`${home.directory}/acme.json`, acme);
    await succeed(home, ["register", "acme.json", "--yes"]);
    await succeed(home, ["daemon", "stop"]);
    const vault = await openSqliteVault({
      path: server.vault,
      keyFilePath: server.masterKey,
      masterKey: { source: "key_file", secret: null },
    });
    const save = [exampleDefinition("intranet", "new")];
    await vault.write([pendingDefinitionsChange({ save, remove: ["acme"] })]);
    vault.close();

    const { hosts } = await succeed(home, ["inspect", "intranet"]);

    deepEqual(hosts, [{ url: "api.new.test" }]);
    equal((await runCli(home, ["inspect", "acme"])).code, 4);
    const files = Array.from(Deno.readDirSync(server.providers), ({ name }) => name);
    deepEqual(files, ["intranet.json"]);
  });
});

/** Kills the daemon of this home, and the command that talks to it hears so. */
function killDaemon(home: TemporaryHome): void {
  const { pid } = JSON.parse(
    Deno.readTextFileSync(homePaths(home.path).server.state),
  ) as DaemonState;
  Deno.kill(pid, "SIGKILL");
}

for (const command of ["restore", "key rotate"] as const) {
  Deno.test(`${command}: the daemon killed under a command leaves the old or the new`, async () => {
    await withHome(async (home) => {
      await writeLargeBackup(`${home.directory}/large.backup`);
      await Deno.writeTextFile(`${home.directory}/phrase`, PASSPHRASE);
      await succeed(home, ["login", "openai", "--stdin"], KEY);
      const args = command === "restore"
        ? ["restore", "large.backup", "--passphrase-file", "phrase", "--force"]
        : ["key", "rotate"];
      const seen = new Set<string>();
      for (let kills = 0; kills < 5; kills++) {
        const working = startCommand(home, args);
        // Not waiting for anything: the moment is the point. The first lands in the derivation.
        await new Promise((resolve) => setTimeout(resolve, 150 + kills * 250));
        try {
          killDaemon(home);
        } catch { /* the command was faster than expected, and started it anew meanwhile */ }
        await working.finished;

        const { connected_providers_count: count } = await succeed(home, ["whoami"]);
        const state = String(count);
        ok(state === "1" || (command === "restore" && state === "2"), state);
        seen.add(state);
        const shown = await succeed(home, ["get", state === "1" ? "openai" : "shared/c4999"]);
        equal(shown.status, "connected");
      }
      equal((await runCli(home, args)).code, 0);
      const names = [...Deno.readDirSync(homePaths(home.path).server.dir)].map(({ name }) => name);
      deepEqual(names.filter((name) => name.startsWith("master.key")), ["master.key"]);
    });
  });
}

Deno.test("a key in the keyring: commands and daemons are killed, and the vault opens every time", async () => {
  await withHome(async (home) => {
    const keyring = makeFakeKeyring(home.directory);
    const env = { PATH: `${keyring.bin}:${cleanEnvironment(home)["PATH"]}` };
    await succeed(home, ["init", "--encryption", "keyring"], "", env);
    await succeed(home, ["login", "openai", "--stdin"], KEY, env);
    const first = keyring.kept(home.path);
    match(first!, /^[0-9a-f]{64}$/);

    for (let kills = 0; kills < 12; kills++) {
      const rotating = startCommand(home, ["key", "rotate"], env);
      await new Promise((resolve) => setTimeout(resolve, 40 + Math.random() * 160));
      try {
        if (kills % 2 === 0) rotating.kill("SIGKILL");
        else killDaemon(home);
      } catch { /* it was done */ }
      await rotating.finished;
      // Started anew with what the keyring holds now, which is settled by that.
      await runCli(home, ["daemon", "stop"], { env });
      equal((await succeed(home, ["get", "openai"], "", env)).status, "connected");
      match(keyring.kept(home.path)!, /^[0-9a-f]{64}$/, "one key is left");
    }

    equal((await succeed(home, ["key", "rotate"], "", env)).source, "keyring");
    ok(keyring.kept(home.path) !== first);
    const { encryption } = await succeed(home, ["whoami"], "", env);
    deepEqual(encryption, { mode: "keyring", source: "keyring", status: "ok" });
    ok(
      ![...Deno.readDirSync(homePaths(home.path).server.dir)].some(({ name }) =>
        name.startsWith("master.key")
      ),
    );
    keyring.lock(true);
    const locked = await runCli(home, ["key", "rotate"], { env });
    match(locked.stderr, /the keyring does not take the new one/);
    equal((await succeed(home, ["get", "openai"], "", env)).status, "connected");
  });
});

Deno.test({
  name: "a directory that may not be written gets no backup, and says so",
  ignore: !CAN_BE_REFUSED,
  fn: () =>
    withHome(async (home) => {
      await succeed(home, ["login", "openai", "--stdin"], KEY);
      const closed = `${home.directory}/closed`;
      await Deno.mkdir(closed, { mode: 0o500 });
      const line = [...WITHOUT_OVERRIDE, ...AUTHSOME, "--json", "backup", `${closed}/a`, "--stdin"];
      const { code, stdout } = await runProgram(home, line, { input: PASSPHRASE });

      const { error, message, hint } = JSON.parse(stdout);
      deepEqual([code, error], [1, "StoreUnavailableError"]);
      match(message, /^Cannot write .*\/closed\/a: permission denied$/);
      match(hint, /there is no backup/);
      deepEqual([...Deno.readDirSync(closed)], []);
    }),
});

Deno.test({
  name: "a disk that is full in the middle of the file leaves no file",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withHome(async (home) => {
      await writeLargeBackup(`${home.directory}/large.backup`);
      await succeed(home, ["restore", "large.backup", "--stdin"], PASSPHRASE);
      await Deno.mkdir(`${home.directory}/disk`);
      // 512 blocks of 512 bytes; the signal is ignored, so that the write itself is refused.
      const words = [...AUTHSOME, "--json", "--log-file", "", "backup", "disk/a", "--stdin"];
      const line = `trap '' XFSZ; ulimit -f 512; exec ${
        words.map((word) => `'${word}'`).join(" ")
      }`;
      const { code, stdout } = await runProgram(home, ["/bin/sh", "-c", line], {
        input: PASSPHRASE,
      });

      const { error, message } = JSON.parse(stdout);
      deepEqual([code, error], [1, "StoreUnavailableError"]);
      match(message, /^Cannot write disk\/a: /);
      deepEqual([...Deno.readDirSync(`${home.directory}/disk`)], []);
    }),
});
