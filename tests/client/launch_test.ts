/**
 * The daemon's life with the real daemon: started, found, mended, replaced, stopped.
 *
 * @module
 */
import { deepEqual, equal, match, notEqual, ok, rejects } from "node:assert/strict";
import {
  daemonStatus,
  ensureDaemon,
  type LaunchOptions,
  serveDaemon,
  stopDaemon,
} from "../../client/launch.ts";
import { readDaemonState } from "../../client/daemon_state.ts";
import { isAlive } from "../../client/processes.ts";
import {
  ANSWER_HEADER,
  answerChallenge,
  CHALLENGE_HEADER,
  type DaemonState,
} from "../../core/boot.ts";
import { readSettings } from "../../core/config.ts";
import {
  DaemonUnavailableError,
  EXIT_CODE,
  MasterKeyError,
  UnsafeHomeError,
} from "../../core/errors.ts";
import { homePaths } from "../../core/paths.ts";
import { freePort } from "../support/free_port.ts";

/** A home whose daemon is stopped and which is removed afterwards. */
class Home {
  readonly directory: string = Deno.makeTempDirSync({ prefix: "authsome-" });
  readonly paths;
  readonly notes: string[] = [];

  constructor(name = "home") {
    this.paths = homePaths(`${this.directory}/${name}`);
  }

  ensure(environment: Record<string, string> = {}, options: LaunchOptions = {}) {
    return ensureDaemon(this.settings(environment), this.paths, {
      note: (text) => this.notes.push(text),
      ...options,
    });
  }

  settings(environment: Record<string, string> = {}) {
    const all: Record<string, string> = {
      AUTHSOME_HOME: this.paths.home,
      AUTHSOME_PORT: "0",
      ...environment,
    };
    return readSettings((name) => all[name]);
  }

  get state(): DaemonState {
    const state = readDaemonState(this.paths);
    ok(state !== null, "the daemon wrote no state");
    return state;
  }

  writeState(changes: Partial<DaemonState>): void {
    const state = { ...this.state, ...changes };
    Deno.writeTextFileSync(this.paths.server.state, JSON.stringify(state), { mode: 0o600 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await stopDaemon(this.paths).catch(() => {});
    await Deno.remove(this.directory, { recursive: true });
  }
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!await condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const health = async (baseUrl: string) => await (await fetch(`${baseUrl}/health`)).json();

Deno.test("ensureDaemon() starts the daemon and its relay, and the next call finds them", async () => {
  await using home = new Home();
  const first = await home.ensure();
  equal(first.started, true);
  const { pid, relay_pid } = home.state;
  deepEqual(await health(first.baseUrl), { status: "ok", version: "0.1.0", egress: "ok" });

  const second = await home.ensure();
  deepEqual(second, { baseUrl: first.baseUrl, started: false });
  deepEqual([home.state.pid, home.state.relay_pid], [pid, relay_pid]);
  ok(isAlive(pid) && isAlive(relay_pid));
});

Deno.test("stopDaemon() ends both processes, and says when there was nothing to end", async () => {
  await using home = new Home();
  await home.ensure();
  const { pid, relay_pid } = home.state;
  equal(await stopDaemon(home.paths), true);
  deepEqual([isAlive(pid), isAlive(relay_pid)], [false, false]);
  equal(await stopDaemon(home.paths), false);
  equal((await daemonStatus(home.paths)).running, false);
});

Deno.test("daemonStatus() shows both processes", async () => {
  await using home = new Home();
  const { baseUrl } = await home.ensure();
  const status = await daemonStatus(home.paths);
  deepEqual(status, {
    running: true,
    baseUrl,
    pid: home.state.pid,
    version: "0.1.0",
    startedAt: home.state.started_at,
    relay: { pid: home.state.relay_pid, running: true },
    log: home.paths.server.daemonLog,
    problem: null,
  });
});

Deno.test("two commands at once start one daemon", async () => {
  await using home = new Home();
  const all = await Promise.all(Array.from({ length: 4 }, () => home.ensure()));
  equal(all.filter(({ started }) => started).length, 1);
  equal(new Set(all.map(({ baseUrl }) => baseUrl)).size, 1);
});

Deno.test("a daemon that was killed is started again at the same address", async () => {
  await using home = new Home();
  const { baseUrl } = await home.ensure({ AUTHSOME_PORT: String(freePort()) });
  const { pid, relay_pid } = home.state;
  Deno.kill(pid, "SIGKILL");
  await until(() => !isAlive(pid) && !isAlive(relay_pid));

  const again = await home.ensure();
  deepEqual(again, { baseUrl, started: true });
  notEqual(home.state.pid, pid);
});

Deno.test("a relay that was killed is noticed, and the next command mends it", async () => {
  await using home = new Home();
  const { baseUrl } = await home.ensure();
  const { pid, relay_pid } = home.state;
  Deno.kill(relay_pid, "SIGKILL");
  await until(async () => (await health(baseUrl)).egress === "down");
  deepEqual((await daemonStatus(home.paths)).relay, { pid: relay_pid, running: false });

  equal((await home.ensure()).started, true);
  equal(isAlive(pid), false);
  equal((await health(baseUrl)).egress, "ok");
  match(home.notes.join(), /restarting the daemon: its egress relay has ended/);
});

Deno.test("the relay dies with its daemon", async () => {
  await using home = new Home();
  await home.ensure();
  const { pid, relay_pid } = home.state;
  Deno.kill(pid, "SIGKILL");
  await until(() => !isAlive(relay_pid));
});

Deno.test("a daemon of another version is replaced", async () => {
  await using home = new Home();
  await home.ensure();
  const { pid } = home.state;
  home.writeState({ version: "0.0.9" });
  equal((await home.ensure()).started, true);
  equal(isAlive(pid), false);
  match(home.notes.join(), /restarting the daemon/);
});

Deno.test("a daemon whose state file is lost is replaced, not doubled", async () => {
  await using home = new Home();
  await home.ensure();
  const { pid } = home.state;
  Deno.removeSync(home.paths.server.state);
  equal((await home.ensure()).started, true);
  equal(isAlive(pid), false);
});

Deno.test("a state file that is damaged counts as none", async () => {
  await using home = new Home();
  await home.ensure();
  for (const text of ["", "{", "[]", '{"pid":-1}', '{"pid":1,"host":"evil.test"}']) {
    Deno.writeTextFileSync(home.paths.server.state, text, { mode: 0o600 });
    equal(readDaemonState(home.paths), null, text);
  }
  equal((await home.ensure()).started, true);
});

Deno.test("a process number in a stale state file is never signalled", async () => {
  await using home = new Home();
  await home.ensure();
  const state = home.state;
  await stopDaemon(home.paths);
  // Somebody else's process has the numbers now, and nobody listens on the port.
  const bystander = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", "await new Promise((r) => setTimeout(r, 60_000))"],
    stdin: "null",
  }).spawn();
  Deno.writeTextFileSync(
    home.paths.server.state,
    JSON.stringify({ ...state, pid: bystander.pid, relay_pid: bystander.pid }),
    { mode: 0o600 },
  );
  equal((await home.ensure()).started, true);
  const alive = isAlive(bystander.pid);
  bystander.kill("SIGKILL");
  await bystander.status;
  equal(alive, true);
});

Deno.test("a port held by something else is an error that names it, exit code 9", async () => {
  await using home = new Home();
  const other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const environment = { AUTHSOME_PORT: String(other.addr.port) };
  await rejects(home.ensure(environment), (error) => {
    ok(error instanceof DaemonUnavailableError);
    match(error.message, new RegExp(`port ${other.addr.port} is held by something`));
    match(error.hint!, /AUTHSOME_PORT/);
    equal(EXIT_CODE[error.code], 9);
    if (Deno.build.os === "linux") match(error.message, new RegExp(`process ${Deno.pid}`));
    return true;
  });
  other.close();
});

Deno.test("a free port that somebody takes before the relay does: the start tries another one", async () => {
  await using home = new Home();
  const { listen } = Deno;
  let thief: Deno.Listener | null = null;
  // The look for a free port, the first of this process; here the port is not free afterwards.
  Deno.listen = ((options: Deno.TcpListenOptions) => {
    Deno.listen = listen;
    thief = listen(options);
    return { addr: thief.addr, close() {} };
  }) as typeof Deno.listen;

  const { baseUrl } = await home.ensure();

  thief!.close();
  equal((await health(baseUrl)).egress, "ok");
});

Deno.test("an impostor on the daemon's port is told nothing but the challenge", async () => {
  await using home = new Home();
  const port = freePort();
  await home.ensure({ AUTHSOME_PORT: String(port) });
  const state = home.state;
  await stopDaemon(home.paths);
  Deno.writeTextFileSync(home.paths.server.state, JSON.stringify(state), { mode: 0o600 });

  const asked: string[] = [];
  await using _impostor = Deno.serve(
    { hostname: "127.0.0.1", port, onListen() {} },
    async (request) => {
      asked.push(`${request.method} ${new URL(request.url).pathname}`);
      ok(request.headers.get("authorization") === null);
      const challenge = request.headers.get(CHALLENGE_HEADER) ?? "";
      return Response.json({ status: "ok", version: "0.1.0", egress: "ok" }, {
        headers: { [ANSWER_HEADER]: await answerChallenge("wrong", challenge) },
      });
    },
  );
  await rejects(
    home.ensure({ AUTHSOME_PORT: String(port) }),
    /is held by something that is not this home's daemon/,
  );
  match((await daemonStatus(home.paths)).problem!, /not this home's daemon/);
  equal(new Set(asked).size, 1);
  equal(asked[0], "GET /health");
});

Deno.test("a home with spaces, quotes and other scripts in its path works", async () => {
  await using home = new Home("a home 'ünïcode' $(x);&");
  const { baseUrl } = await home.ensure();
  equal((await health(baseUrl)).egress, "ok");
});

Deno.test("a home whose path would be two paths in a flag is refused", async () => {
  await using home = new Home("x,/etc");
  await rejects(home.ensure(), /with a comma in its path the daemon cannot be confined/);
});

Deno.test("with AUTHSOME_DAEMON_URL nothing is started and nothing is asked", async () => {
  await using home = new Home();
  const { baseUrl, started } = await home.ensure({ AUTHSOME_DAEMON_URL: "http://127.0.0.1:9/" });
  deepEqual([baseUrl, started], ["http://127.0.0.1:9", false]);
  equal([...Deno.readDirSync(home.directory)].length, 0);
});

Deno.test("a symlink or a wide mode in the home stops every command", async () => {
  await using home = new Home();
  await home.ensure();
  const link = `${home.paths.server.dir}/link`;
  Deno.symlinkSync("/", link);
  await rejects(home.ensure(), UnsafeHomeError);
  Deno.removeSync(link);
  Deno.chmodSync(home.paths.client.identities, 0o755);
  await rejects(home.ensure(), UnsafeHomeError);
  Deno.chmodSync(home.paths.client.identities, 0o700);
  equal((await home.ensure()).started, false);
});

Deno.test("a wrong master key is reported as such, with nothing left running", async () => {
  await using home = new Home();
  const right = "1".repeat(64);
  await home.ensure({ AUTHSOME_MASTER_KEY: right });
  await stopDaemon(home.paths);
  await rejects(home.ensure({ AUTHSOME_MASTER_KEY: "2".repeat(64) }), MasterKeyError);
  equal((await daemonStatus(home.paths)).running, false);
  equal((await home.ensure({ AUTHSOME_MASTER_KEY: right })).started, true);
});

Deno.test("a broken server/config.json is reported before anything starts", async () => {
  await using home = new Home();
  await home.ensure();
  await stopDaemon(home.paths);
  Deno.writeTextFileSync(home.paths.server.config, "{", { mode: 0o600 });
  await rejects(home.ensure(), /Cannot read server\/config.json: it is not JSON/);
  Deno.removeSync(home.paths.server.config);
});

Deno.test({
  name: "the processes survive the terminal: own session, nobody's children, no terminal",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using home = new Home();
    await home.ensure();
    for (const pid of [home.state.pid, home.state.relay_pid]) {
      const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
      const [, parent, , session, terminal] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      notEqual(Number(parent), Deno.pid, "it is our child");
      notEqual(session, sessionOf(Deno.pid), "it is in our session");
      equal(terminal, "0", "it has a terminal");
    }
  },
});

function sessionOf(pid: number): string {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[3]!;
}

Deno.test({
  name: "no secret is in an argument or in the environment of the two processes",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using home = new Home();
    const key = "3".repeat(64);
    await home.ensure({ AUTHSOME_MASTER_KEY: key });
    const { pid, relay_pid, instance } = home.state;
    const token = Deno.readTextFileSync(home.paths.server.registrationToken).trim();
    for (const id of [pid, relay_pid]) {
      for (const file of ["cmdline", "environ"]) {
        const text = Deno.readTextFileSync(`/proc/${id}/${file}`);
        for (const secret of [key, instance, token]) ok(!text.includes(secret), file);
      }
    }
    ok(!Deno.readTextFileSync(home.paths.server.daemonLog).includes(key));
  },
});

Deno.test({
  name: "SIGUSR1 ends the daemon instead of opening its inspector",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using home = new Home();
    await home.ensure();
    const { pid } = home.state;
    Deno.kill(pid, "SIGUSR1");
    await until(() => !isAlive(pid));
    ok(!/debugger listening/i.test(Deno.readTextFileSync(home.paths.server.daemonLog)));
  },
});

Deno.test("every file of a home is its owner's alone", async () => {
  await using home = new Home();
  await home.ensure();
  const wide: string[] = [];
  const walk = (dir: string) => {
    for (const entry of Deno.readDirSync(dir)) {
      const path = `${dir}/${entry.name}`;
      if ((Deno.lstatSync(path).mode! & 0o077) !== 0) wide.push(path);
      if (entry.isDirectory) walk(path);
    }
  };
  walk(home.paths.home);
  deepEqual(wide, []);
});

Deno.test("serveDaemon() serves in the foreground until it is told to stop", async () => {
  await using home = new Home();
  const stop = new AbortController();
  const serving = Promise.withResolvers<string>();
  const ended = serveDaemon(home.settings(), home.paths, {
    note: serving.resolve,
    signal: stop.signal,
  });
  match(await serving.promise, /^serving on http:\/\/127\.0\.0\.1:\d+$/);
  const { pid, relay_pid } = home.state;
  equal((await home.ensure()).started, false);
  await rejects(
    serveDaemon(home.settings(), home.paths),
    (error) => error instanceof DaemonUnavailableError && /runs already/.test(error.message),
  );
  stop.abort();
  equal(await ended, 0);
  deepEqual([isAlive(pid), isAlive(relay_pid)], [false, false]);
});

Deno.test("serveDaemon() returns the exit code of a daemon that could not start", async () => {
  await using home = new Home();
  await home.ensure({ AUTHSOME_MASTER_KEY: "1".repeat(64) });
  await stopDaemon(home.paths);
  const settings = home.settings({ AUTHSOME_MASTER_KEY: "2".repeat(64) });
  equal(await serveDaemon(settings, home.paths), 1);
  equal((await daemonStatus(home.paths)).running, false);
});
