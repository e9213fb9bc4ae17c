/**
 * Several commands of a newer version find an older daemon running, all at once: one new daemon, every
 * command answered, nothing of the old one left.
 */
import { deepEqual, equal, notEqual, ok } from "node:assert/strict";
import type { DaemonState } from "../../core/boot.ts";
import { homePaths } from "../../core/paths.ts";
import { isAlive } from "../../client/processes.ts";
import { processesOf } from "../support/processes_of.ts";
import { runCli } from "../support/run_cli.ts";
import { withHome } from "../support/temp_home.ts";
import type { TemporaryHome } from "../support/temporary_home.ts";
import { VERSION } from "../../core/version.ts";

const AT_ONCE = 4;
const KEY = "sk-proj-0123456789abcdefghijklmn";

async function readState(home: TemporaryHome): Promise<DaemonState> {
  return JSON.parse(await Deno.readTextFile(homePaths(home.path).server.state));
}

Deno.test("two upgrades at once: one new daemon, and both commands are answered", async () => {
  await withHome(async (home) => {
    await runCli(home, ["login", "openai", "--stdin"], { input: `${KEY}\n` });
    const old = await readState(home);
    // What the daemon of an older version would have written.
    await Deno.writeTextFile(
      homePaths(home.path).server.state,
      JSON.stringify({ ...old, version: "0.0.9" }),
    );

    const results = await Promise.all(
      Array.from({ length: AT_ONCE }, () => runCli(home, ["list", "openai", "--json"])),
    );

    for (const { code, stdout, stderr } of results) {
      equal(code, 0, stderr);
      ok(stdout.includes('"connected"'), stdout);
    }
    const state = await readState(home);
    notEqual(state.pid, old.pid);
    equal(state.version, VERSION);
    deepEqual([isAlive(old.pid), isAlive(old.relay_pid)], [false, false]);
    deepEqual(
      processesOf(home.directory).sort((a, b) => a - b),
      [state.pid, state.relay_pid].sort((a, b) => a - b),
    );
    const key = await runCli(home, ["get", "openai", "--show-secret", "--field", "api_key"]);
    equal(key.stdout, `${KEY}\n`);
  });
});
