/**
 * The daemon's confinement, tried from inside with exactly the flags and the environment that
 * `client/start_daemon.ts` uses, and from outside. Each hole that Deno's flags leave (module loading,
 * symlinks, inherited variables, SIGUSR1) has its test here.
 *
 * @module
 */
import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { UnsafeHomeError } from "../../core/errors.ts";
import { homePaths } from "../../core/paths.ts";
import { daemonFlags, relayFlags } from "../../client/daemon_flags.ts";
import { auditWholeHome, prepareHome } from "../../client/home.ts";
import { confinedEnvironment, moduleEntries } from "../../client/module_entries.ts";
import { spawnDetached } from "../../client/spawn_detached.ts";
import { isAlive } from "../../client/processes.ts";
import { createTestCertificate } from "../support/test_certificate.ts";
import type { Surroundings } from "./confined/break_out.ts";
import type { Errand } from "./confined/reach_out.ts";
import { freePort } from "../support/free_port.ts";

const BREAK_OUT = import.meta.resolve("./confined/break_out.ts");
const REACH_OUT = import.meta.resolve("./confined/reach_out.ts");

/** A home with something beside it worth reading, and a service that counts who comes. */
class Scene {
  readonly directory: string = Deno.makeTempDirSync({ prefix: "authsome-" });
  readonly paths = homePaths(`${this.directory}/home`);
  readonly requests: string[] = [];
  readonly #service: Deno.HttpServer<Deno.NetAddr>;
  readonly #relay = Deno.listen({ hostname: "127.0.0.1", port: 0 });

  constructor() {
    prepareHome(this.paths);
    Deno.mkdirSync(`${this.directory}/outside`);
    Deno.writeTextFileSync(`${this.directory}/outside/outside.txt`, "export default 1");
    this.#service = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      (request) => {
        this.requests.push(request.url);
        return new Response("export default 1", { headers: { "content-type": "text/javascript" } });
      },
    );
  }

  get otherPort(): number {
    return this.#service.addr.port;
  }

  get surroundings(): Surroundings {
    const port = freePort();
    return {
      server: this.paths.server.dir,
      outside: `${this.directory}/outside`,
      port,
      relayPort: this.#relay.addr.port,
      otherPort: this.otherPort,
      parent: Deno.pid,
    };
  }

  /** The confined environment; the registries are ours, so that a request to one is seen. */
  get environment(): Record<string, string> {
    const here = `http://127.0.0.1:${this.otherPort}/`;
    return confinedEnvironment((name) =>
      name === "NPM_CONFIG_REGISTRY" || name === "JSR_URL" ? here : Deno.env.get(name)
    );
  }

  /** Runs the break-out with the daemon's flags, `without` some of them. */
  async breakOut(without: readonly string[] = []): Promise<Record<string, string>> {
    const at = this.surroundings;
    return JSON.parse(await this.runConfined(BREAK_OUT, at, at, without));
  }

  /** What a module printed that ran with the daemon's flags and this line on standard input. */
  async runConfined(
    module: string,
    line: unknown,
    ports: { readonly port: number; readonly relayPort: number },
    without: readonly string[] = [],
  ): Promise<string> {
    const server = this.paths.server.dir;
    const flags = daemonFlags(moduleEntries(), server, ports).map(({ flag }) => flag)
      .filter((flag) => !without.includes(flag));
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", ...flags, module, this.paths.home],
      clearEnv: true,
      env: this.environment,
      cwd: server,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(`${JSON.stringify(line)}\n`));
    await writer.close();
    const { code, stdout, stderr } = await child.output();
    equal(code, 0, new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#relay.close();
    await this.#service.shutdown();
    await Deno.remove(this.directory, { recursive: true });
  }
}

Deno.test("the daemon cannot leave loopback or its home", async (t) => {
  await using scene = new Scene();
  const outcomes = await scene.breakOut();
  ok(Object.keys(outcomes).length > 50, "the break-out ended early");
  for (const [name, outcome] of Object.entries(outcomes)) {
    await t.step(name, () => {
      match(outcome, name.startsWith("may: ") ? /^ALLOWED/ : /^refused/);
    });
  }
  await t.step("nothing reached the other service", () => deepEqual(scene.requests, []));
  await t.step("nothing outside was changed", () => {
    deepEqual([...Deno.readDirSync(`${scene.directory}/outside`)].map(({ name }) => name), [
      "outside.txt",
    ]);
  });
});

Deno.test("H1: without --cached-only an import of npm: leaves the confined process", async () => {
  // The reason for the flag: should this ever fail, the runtime has closed the hole itself.
  await using scene = new Scene();
  await scene.breakOut(["--cached-only"]);
  ok(scene.requests.some((url) => url.includes("authsome-is-not-on-npm")), "npm was not asked");
});

Deno.test("H2: a symlink in the home is refused with the command that removes it", async () => {
  await using scene = new Scene();
  const link = `${scene.paths.server.providers}/acme.json`;
  Deno.symlinkSync("/etc/passwd", link);
  throws(() => auditWholeHome(scene.paths), (error) => {
    ok(error instanceof UnsafeHomeError);
    ok(error.message.includes(link));
    equal(error.hint, `Run: rm ${link}`);
    return true;
  });
});

Deno.test("H3: of the person's environment only what finds the module cache is passed on", () => {
  const hostile: Record<string, string> = {
    HOME: "/home/ann",
    DENO_DIR: "/cache",
    NODE_OPTIONS: "--require=/tmp/evil.cjs",
    SSLKEYLOGFILE: "/tmp/keys",
    DENO_SERVE_ADDRESS: "tcp:0.0.0.0:80",
    DENO_PERMISSION_BROKER_PATH: "/tmp/broker",
    DENO_CERT: "/tmp/evil.pem",
    DENO_AUDIT_PERMISSIONS: "/tmp/audit",
    DENO_FLAGS: "-A",
    DENO_V8_FLAGS: "--expose-gc",
    LD_PRELOAD: "/tmp/evil.so",
    HTTPS_PROXY: "http://evil.test",
    AUTHSOME_MASTER_KEY: "secret",
    PATH: "/tmp",
  };
  deepEqual(confinedEnvironment((name) => hostile[name]), {
    DENO_DIR: "/cache",
    DENO_NO_UPDATE_CHECK: "1",
    HOME: "/home/ann",
    NO_COLOR: "1",
  });
});

Deno.test({
  name: "H3: a process that was spawned has nothing else in its environment",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using scene = new Scene();
    const relay = await spawnRelay(scene);
    const names = Deno.readTextFileSync(`/proc/${relay.pid}/environ`).split("\0")
      .map((entry) => entry.split("=")[0]!).filter((name) => name !== "").sort();
    Deno.kill(relay.pid, "SIGTERM");
    await ended(relay.pid);
    // PWD is the shell's own addition.
    deepEqual(
      names.filter((name) => !["PWD", "OLDPWD", "SHLVL", "_"].includes(name)),
      [
        "DENO_DIR",
        "DENO_NO_UPDATE_CHECK",
        "HOME",
        "JSR_URL",
        "NO_COLOR",
        "NPM_CONFIG_REGISTRY",
      ].filter((name) => name in scene.environment),
    );
  },
});

Deno.test({
  name: "H4: SIGUSR1 ends a process of ours instead of opening its inspector",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using scene = new Scene();
    const relay = await spawnRelay(scene);
    Deno.kill(relay.pid, "SIGUSR1");
    await ended(relay.pid);
    const log = Deno.readTextFileSync(scene.paths.server.daemonLog);
    ok(!/debugger listening/i.test(log), log);
  },
});

Deno.test("the confined daemon reaches a provider through the relay, with TLS of its own", async () => {
  await using scene = new Scene();
  const { root, certificate, privateKey } = createTestCertificate();
  const bodies: string[] = [];
  await using provider = Deno.serve(
    { hostname: "127.0.0.1", port: 0, cert: certificate, key: privateKey, onListen() {} },
    async (request) => {
      bodies.push(await request.text());
      return new Response("a new token");
    },
  );
  const relay = await spawnRelay(scene);
  const errand: Errand = {
    relay: { port: relay.port, secret: RELAY_SECRET },
    url: `https://localhost:${provider.addr.port}/token`,
    root,
  };
  const ports = { port: 0, relayPort: relay.port };
  equal(await scene.runConfined(REACH_OUT, errand, ports), "a new token");
  deepEqual(bodies, ["grant_type=refresh_token&refresh_token=rt"]);
  // Its daemon is gone, so the relay ends by itself.
  await ended(relay.pid);
});

Deno.test("every flag says what it is for", () => {
  const entries = moduleEntries();
  const flags = [
    ...daemonFlags(entries, "/home/server", { port: 1, relayPort: 2 }),
    ...relayFlags(entries),
  ];
  for (const { flag, reason } of flags) ok(flag.startsWith("--") && reason.length > 15, flag);
});

Deno.test("the relay's flags give it the network and nothing else", () => {
  const allowed = relayFlags(moduleEntries()).map(({ flag }) => flag.split("=")[0])
    .filter((flag) => flag!.startsWith("--allow-"));
  deepEqual(allowed, ["--allow-import", "--allow-net"]);
});

const RELAY_SECRET = "s".repeat(64);

/** The real relay, spawned as the launcher does; it ends by itself when nobody controls it. */
async function spawnRelay(scene: Scene): Promise<{ readonly pid: number; readonly port: number }> {
  const entries = moduleEntries();
  const { pid, line } = await spawnDetached({
    program: Deno.execPath(),
    args: [
      "run",
      ...relayFlags(entries).map(({ flag }) => flag),
      entries.relay,
      scene.paths.home,
    ],
    env: scene.environment,
    cwd: scene.paths.server.dir,
    bootLine: JSON.stringify({
      port: 0,
      secret: RELAY_SECRET,
      allow_private: false,
      https_proxy: null,
      no_proxy: [],
    }),
    log: scene.paths.server.daemonLog,
    readsLine: true,
  });
  match(line ?? "", /^\{"port":\d+\}$/);
  return { pid, port: JSON.parse(line!).port };
}

async function ended(pid: number): Promise<void> {
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 5));
}
