/**
 * `authsome doctor` against a real home: each thing is broken, the finding names it and the command
 * that mends it, and that command, run in a shell, does mend it.
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { kill } from "node:process";
import type { DaemonState } from "../../core/boot.ts";
import { homePaths } from "../../core/paths.ts";
import { checkClock, checkNetwork, checkTrust } from "../../cli/doctor/check_machine.ts";
import { readSettings } from "../../core/config.ts";
import type { CheckedConnection } from "../../core/api.ts";
import { liveChecks } from "../../cli/doctor/check_live.ts";
import { describeReport } from "../../cli/doctor/describe_checks.ts";
import { runtimesCheck, type TriedRuntime } from "../../cli/doctor/try_runtimes.ts";
import { Voice } from "../../cli/voice.ts";
import { HAS_TERMINAL, onTerminal } from "../support/on_terminal.ts";
import { AUTHSOME, runCli, runProgram } from "../support/run_cli.ts";
import { standBefore } from "../support/stand_before.ts";
import { withHome } from "../support/temp_home.ts";
import type { TemporaryHome } from "../support/temporary_home.ts";

interface Report {
  readonly status: string;
  readonly checks: Readonly<Record<string, string>>;
  readonly mends: Readonly<Record<string, string>>;
  readonly findings: readonly { check: string; severity: string; problem: string; mend: string }[];
}

async function doctor(
  home: TemporaryHome,
  env: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
): Promise<Report & { readonly code: number }> {
  const { code, stdout } = await runCli(home, ["doctor", "--json", ...args], { env });
  return { ...JSON.parse(stdout), code };
}

/** Runs a mending command as it is told; what stands behind four spaces is for the reader. */
async function mend(home: TemporaryHome, command: string, input = ""): Promise<void> {
  const words = AUTHSOME.map((word) => `'${word}'`).join(" ");
  const script = `authsome() { ${words} "$@"; }\n${command.split("    ")[0]}`;
  const { code, stderr } = await runProgram(home, ["/bin/sh", "-c", script], { input });
  equal(code, 0, stderr);
}

const KEY = "sk-proj-0123456789abcdefghijklmn";

async function logIn(home: TemporaryHome, name = "openai"): Promise<void> {
  const { code, stderr } = await runCli(home, ["login", name, "--stdin"], { input: `${KEY}\n` });
  equal(code, 0, stderr);
}

/** What a test breaks, and what is seen. */
interface Breakage {
  /** Breaks it; gives what puts it back where no command can. */
  readonly break: (home: TemporaryHome) => Promise<void | (() => Promise<void>)>;
  readonly check: string;
  readonly problem: RegExp;
  readonly mend: RegExp;
  /** The command, where the mend says more than one. */
  readonly command?: string;
  /** Options for the mending command. */
  readonly with?: string;
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const BREAKAGES: Readonly<Record<string, Breakage>> = {
  "a mode that lets others in": {
    break: (home) => Deno.chmod(`${home.path}/server`, 0o755),
    check: "home",
    problem: /\/server: its mode 0755 lets other users in$/,
    mend: /^chmod 700 /,
  },
  "a symlink": {
    break: (home) => Deno.symlink("/etc", `${home.path}/server/providers/etc`),
    check: "home",
    problem: /is a symlink, which leads out of the home$/,
    mend: /^rm /,
  },
  "a profile whose key is gone": {
    break: async (home) => {
      await runCli(home, ["profile", "create", "--handle", "second-one"]);
      await Deno.remove(`${home.path}/client/identities/second-one.key`);
    },
    check: "profile",
    problem: /the profile second-one: there is no key for it here$/,
    mend: /^authsome profile use /,
  },
  "a definition file that cannot be used": {
    break: (home) =>
      Deno.writeTextFile(`${home.path}/server/providers/acme.json`, "{", { mode: 0o600 }),
    check: "providers",
    problem: /^The provider file acme\.json cannot be used: /,
    mend: /^authsome remove acme/,
  },
  "a record that was changed": {
    break: (home) =>
      changeVault(home, "UPDATE record SET sealed = zeroblob(80) WHERE key LIKE '%:connection:%'"),
    check: "integrity",
    problem: /:openai:connection:default does not open: it was changed/,
    mend: /^authsome login openai --connection default --force/,
    with: " --stdin",
    input: `${KEY}\n`,
  },
  "a setting that means nothing": {
    break: async (home) => {
      const path = homePaths(home.path).server.config;
      await Deno.writeTextFile(path, '{"colour": "red"}', { mode: 0o600 });
      return () => Deno.remove(path);
    },
    check: "config",
    problem: /server\/config\.json: colour is not a setting$/,
    mend: /authsome daemon restart/,
    command: "authsome daemon restart",
  },
  "a line of the audit log that was changed": {
    break: async (home) => {
      const path = homePaths(home.path).server.auditLog;
      const text = await Deno.readTextFile(path);
      const changed = text.replace(/"event":"login"/, '"event":"loGin"');
      await Deno.writeTextFile(path, changed);
      return async () => {
        const later = (await Deno.readTextFile(path)).slice(changed.length);
        await Deno.writeTextFile(path, text + later);
      };
    },
    check: "audit_log",
    problem: /^The audit log was changed: /,
    mend: /^authsome log verify/,
  },
  "a clock that went back": {
    break: async (home) => {
      const path = homePaths(home.path).server.auditLog;
      const tomorrow = new Date(Date.now() + 86_400_000);
      await Deno.utime(path, tomorrow, tomorrow);
      return () => Deno.utime(path, new Date(), new Date());
    },
    check: "clock",
    problem: /and the audit log was written at .*: it went back$/,
    mend: /^sudo |^w32tm /,
  },
};

for (const [title, breakage] of Object.entries(BREAKAGES)) {
  Deno.test(`doctor sees ${title}, and what it says mends it`, async () => {
    await withHome(async (home) => {
      await logIn(home);
      equal((await doctor(home)).code, 0);
      const putBack = await breakage.break(home);

      const seen = await doctor(home);

      equal(seen.code, 1);
      ok(seen.status !== "ok");
      const broken = seen.findings.filter(({ severity }) => severity === "broken");
      deepEqual([...new Set(broken.map(({ check }) => check))], [breakage.check]);
      match(broken[0]!.problem, breakage.problem);
      match(seen.mends[breakage.check]!, breakage.mend);

      if (putBack !== undefined) await putBack();
      const command = breakage.command ?? seen.mends[breakage.check]!.split("    ")[0]!;
      if (!command.startsWith("sudo")) {
        await mend(home, command + (breakage.with ?? ""), breakage.input);
      }
      const after = await doctor(home);
      deepEqual([after.code, after.findings], [0, []]);
    });
  });
}

Deno.test("doctor starts a daemon whose relay was killed anew, and all is well", async () => {
  await withHome(async (home) => {
    await logIn(home);
    const state: DaemonState = JSON.parse(
      await Deno.readTextFile(homePaths(home.path).server.state),
    );
    kill(state.relay_pid, "SIGKILL");

    const { code, checks } = await doctor(home);

    deepEqual([code, checks["relay"], checks["egress"]], [0, "ok", "ok"]);
  });
});

Deno.test("doctor tells everything that is wrong with a home at once", async () => {
  await withHome(async (home) => {
    await logIn(home);
    await Deno.chmod(`${home.path}/server`, 0o755);
    await Deno.chmod(`${home.path}/client/config.json`, 0o644);
    await Deno.symlink("/etc", `${home.path}/server/providers/etc`);

    const { code, findings } = await doctor(home);

    equal(code, 1);
    deepEqual(findings.map(({ check, mend }) => [check, mend.split(" ")[0]]).sort(), [
      ["home", "chmod"],
      ["home", "chmod"],
      ["home", "rm"],
    ]);
    for (const { mend: command } of findings) await mend(home, command);
    equal((await doctor(home)).code, 0);
  });
});

Deno.test("doctor says that the base URL was changed under the daemon, and a restart takes it on", async () => {
  await withHome(async (home) => {
    await logIn(home);
    const env = { AUTHSOME_SERVER_BASE_URL: "https://broker.example.com" };

    const { code, findings } = await doctor(home, env);

    equal(code, 0);
    deepEqual(findings.map(({ check, severity, mend }) => [check, severity, mend]), [
      ["daemon", "warning", "authsome daemon restart"],
    ]);
    match(findings[0]!.problem, /127\.0\.0\.1:\d+, and by your settings with https:\/\/broker/);
    equal((await runCli(home, ["daemon", "restart"], { env })).code, 0);
    deepEqual((await doctor(home, env)).findings, []);
  });
});

Deno.test("doctor names who holds the port, and the variable that chooses another", async () => {
  await withHome(async (home) => {
    using squatter = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const port = (squatter.addr as Deno.NetAddr).port;

    const { code, findings } = await doctor(home, { AUTHSOME_PORT: String(port) });

    equal(code, 1);
    match(
      findings[0]!.problem,
      new RegExp(`^Port ${port} is held by something .*process ${Deno.pid}`),
    );
    match(findings[0]!.mend, /^export AUTHSOME_PORT=7999/);
    equal((await doctor(home, { AUTHSOME_PORT: "0" })).code, 0);
  });
});

Deno.test("doctor tells a vault that cannot be opened, and that nothing was changed", async () => {
  await withHome(async (home) => {
    await logIn(home);
    await runCli(home, ["daemon", "stop"]);
    const path = homePaths(home.path).server.vault;
    const whole = await Deno.readFile(path);
    await Deno.writeFile(path, whole.subarray(0, 5000), { mode: 0o600 });

    const { code, findings } = await doctor(home);

    equal(code, 1);
    deepEqual(findings.map(({ check }) => check), ["daemon"]);
    match(findings[0]!.mend, /backup|restore/i);
    equal((await Deno.stat(path)).size, 5000);

    await Deno.writeFile(path, whole);
    equal((await doctor(home)).code, 0);
  });
});

Deno.test("doctor on a fresh home names the profile that it made", async () => {
  await withHome(async (home) => {
    const { code, stdout, stderr } = await runCli(home, ["doctor"]);

    equal(code, 0, stderr);
    const [, made] = /Made your profile: (\S+)/.exec(stderr)!;
    match(stdout, new RegExp(`^profile +ok +${made}$`, "m"));
  });
});

Deno.test("what is typed while doctor looks is not shown, and the terminal is left as it was", {
  ignore: !HAS_TERMINAL,
}, async () => {
  await withHome(async (home) => {
    const { code, screen, restored } = await onTerminal(home, ["doctor"], [
      { expect: "Asking the daemon", send: "zebra" },
      { expect: "All is well" },
    ]);
    // A proxy before which so many stand that nobody can join them: there is time to leave.
    using door = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1 });
    const crowd = await standBefore(door.addr.port);
    const cancelled = await onTerminal(home, ["doctor"], [
      { expect: "Looking at this machine", send: "\x03" },
      { expect: "you cancelled" },
    ], { env: { https_proxy: `http://127.0.0.1:${door.addr.port}` } });
    for (const connection of crowd) connection.close();

    deepEqual([code, restored, screen.includes("zebra")], [0, true, false]);
    deepEqual([cancelled.code, cancelled.restored], [2, true]);
  });
});

const UNREACHABLE: CheckedConnection = {
  provider: "openai",
  connection: "default",
  outcome: "unreachable",
  host: "api.openai.com",
  http_status: null,
  problem: "its name does not resolve",
  mend: "Check the network, then try again",
  clock_ahead_seconds: null,
};

Deno.test("doctor --live names each host, and says once what mends all of them", () => {
  const live = [UNREACHABLE, { ...UNREACHABLE, provider: "groq", host: "api.groq.com" }];

  const text = describeReport(
    { checks: liveChecks(live), live: null, runtimes: null },
    voiceOf(80),
  );

  match(
    text,
    /FAIL\n {2}openai\/default at api\.openai\.com: its name does not resolve\n {2}groq\/default at api\.groq\.com: its name does not resolve\n {2}→ Check the network, then try again\n\n/,
  );
});

Deno.test("doctor --run in 20 columns is blocks, no name cut off", () => {
  const tried: TriedRuntime = {
    name: "Python requests",
    outcome: "works",
    problem: null,
    mend: null,
  };
  const check = runtimesCheck([tried, { ...tried, name: "Python httpx" }]);

  const text = describeReport({ checks: [check], live: null, runtimes: [tried] }, voiceOf(20));

  match(text, /^run {2}ok {4}2 programs work\n\nPython requests\n {2}Behind the proxy: works\n\n/);
});

function voiceOf(columns: number): Voice {
  return new Voice({
    json: false,
    quiet: false,
    stdout: Deno.stdout,
    stderr: Deno.stderr,
    color: { stdout: false, stderr: false },
    columns: () => columns,
  });
}

Deno.test("doctor --json --live without a login asks nobody", async () => {
  await withHome(async (home) => {
    const { code, checks, ...report } = await doctor(home, {}, ["--live"]);

    deepEqual([code, checks["live"], (report as { live?: unknown }).live], [0, "ok", []]);
  });
});

const settings = readSettings((name) => name === "AUTHSOME_HOME" ? "/nowhere/home" : undefined);

Deno.test("the clock of a machine that lost its battery is told", async () => {
  const { problems: [found] } = await checkClock(settings, new Date("1970-01-02T00:00:00Z"));

  match(found!.problem, /^The clock says 1970-01-02 00:00 UTC, which has long been over/);
});

Deno.test("a file of certificates that is not there: broken where authsome reads it, else a warning", async () => {
  const own = await checkTrust((name) => name === "SSL_CERT_FILE" ? "/nowhere.pem" : undefined);
  const others = await checkTrust((name) => name === "GIT_SSL_CAINFO" ? "/nowhere.pem" : undefined);

  deepEqual(own.problems.map(({ severity, mend }) => [severity, mend]), [
    ["broken", "unset SSL_CERT_FILE"],
  ]);
  deepEqual(others.problems.map(({ severity, mend }) => [severity, mend]), [
    ["warning", "unset GIT_SSL_CAINFO"],
  ]);
});

Deno.test("every variable that names no file of certificates is told, and a directory is none", async () => {
  const wrong = ["SSL_CERT_FILE", "CURL_CA_BUNDLE", "DENO_CERT"];
  const { problems, state } = await checkTrust((name) => wrong.includes(name) ? "/" : undefined);

  deepEqual(problems.map(({ mend }) => mend), wrong.map((name) => `unset ${name}`));
  match(state, /^SSL_CERT_FILE names \/, which is no readable file/);
});

Deno.test("a corporate proxy: one that answers, one that does not, one that is none", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const look = (proxy: string) =>
    checkNetwork((name) => name === "https_proxy" ? proxy : undefined);

  const there = await look(`http://user:pass@127.0.0.1:${port}`);
  const gone = await look("http://127.0.0.1:1");
  const none = await look("socks5://127.0.0.1:1");

  deepEqual([there.state, there.detail], ["ok", `through the proxy 127.0.0.1:${port}`]);
  match(
    gone.problems[0]!.problem,
    /^Nothing answers at 127\.0\.0\.1:1, the proxy that HTTPS_PROXY/,
  );
  match(gone.problems[0]!.mend, /^unset HTTPS_PROXY https_proxy/);
  match(none.problems[0]!.problem, /socks5 proxies are not supported/);
});

Deno.test("inside of a run doctor says so", async () => {
  const inside = await checkNetwork((name) => name === "AUTHSOME_PROXY_MODE" ? "true" : undefined);

  deepEqual(inside.problems.map(({ severity }) => severity), ["warning"]);
});

async function changeVault(home: TemporaryHome, sql: string): Promise<void> {
  await Promise.resolve();
  // The daemon runs, and may be writing.
  using database = new DatabaseSync(homePaths(home.path).server.vault, { timeout: 60_000 });
  database.exec(sql);
}
