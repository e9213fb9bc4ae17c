/**
 * A home that is deleted or replaced under a running daemon: the daemon and its relay end by
 * themselves, and the path is free for the next home.
 *
 * @module
 */
import { equal, match, notEqual } from "node:assert/strict";
import type { DaemonState } from "../../core/boot.ts";
import { runCli } from "../support/run_cli.ts";
import { withHome } from "../support/temp_home.ts";
import type { TemporaryHome } from "../support/temporary_home.ts";
import { until } from "../support/until.ts";

async function daemonState(home: TemporaryHome): Promise<DaemonState> {
  return JSON.parse(await Deno.readTextFile(`${home.path}/server/daemon/daemon.json`));
}

function isAlive(pid: number): boolean {
  try {
    // A process that has ended may still wait for its parent to notice.
    return !/\) [ZX] /.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return false;
  }
}

const LINUX_ALONE = { ignore: Deno.build.os !== "linux" };

Deno.test("a daemon whose home was deleted ends, and so does its relay", LINUX_ALONE, async () => {
  await withHome(async (home) => {
    await runCli(home, ["login", "openai", "--stdin"], { input: "sk-proj-0123456789abcdefghijkl" });
    const { pid, relay_pid } = await daemonState(home);
    equal(isAlive(pid) && isAlive(relay_pid), true);

    await Deno.remove(home.path, { recursive: true });

    await until(() => !isAlive(pid) && !isAlive(relay_pid));
    const { code, stdout } = await runCli(home, ["list", "openai"]);
    equal(code, 0);
    match(stdout, /0 connected/);
    notEqual((await daemonState(home)).pid, pid);
  });
});

Deno.test(
  "a daemon whose lock was removed ends: there are never two on one vault",
  LINUX_ALONE,
  async () => {
    await withHome(async (home) => {
      await runCli(home, ["login", "openai", "--stdin"], {
        input: "sk-proj-0123456789abcdefghijkl",
      });
      const { pid, relay_pid } = await daemonState(home);

      // With its state file, so that no command finds it any more.
      await Deno.remove(`${home.path}/server/daemon`, { recursive: true });

      await until(() => !isAlive(pid) && !isAlive(relay_pid));
      const { code, stdout } = await runCli(home, ["list", "openai"]);
      equal(code, 0);
      match(stdout, /1 connected/);
    });
  },
);

Deno.test("a daemon whose vault was replaced leaves the new one alone", LINUX_ALONE, async () => {
  await withHome(async (home) => {
    await runCli(home, ["login", "openai", "--stdin"], { input: "sk-proj-0123456789abcdefghijkl" });
    const { pid } = await daemonState(home);
    const vault = `${home.path}/server/vault.db`;
    const other = `${home.directory}/other.db`;
    await Deno.writeTextFile(other, "somebody's file", { mode: 0o600 });

    await Deno.rename(other, vault);

    await until(() => !isAlive(pid));
    equal(await Deno.readTextFile(vault), "somebody's file");
    const { code, stderr } = await runCli(home, ["list"]);
    equal(code, 1);
    match(stderr, /it is cut short|it is no vault/);
    // So that the home can be cleaned up.
    await Deno.remove(`${home.path}/server`, { recursive: true });
  });
});
