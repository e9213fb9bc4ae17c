/**
 * `run` inside a container against a daemon outside: a network namespace of its own, in which only
 * forwarded ports lead out, and a home of its own. Nothing before the owner's word; afterwards the
 * program has the credential on its requests and never in its hands.
 */
import { equal, match, ok } from "node:assert/strict";
import { homePaths } from "../../core/paths.ts";
import { ACME_HOST, ACME_KEY, type AcmeHome, openAcmeHome } from "../support/acme_home.ts";
import { pathWithDeno } from "../support/deno_on_path.ts";
import { forward } from "../support/forward.ts";
import { AUTHSOME } from "../support/run_cli.ts";
import { ROOT } from "../support/temporary_home.ts";

/** A namespace of its own, whose loopback is brought up: Linux with user namespaces. */
const NAMESPACE = ["unshare", "--map-root-user", "--net"];

const HAS_NAMESPACES = Deno.build.os === "linux" &&
  await works([...NAMESPACE, "ip", "link", "set", "lo", "up"]);

async function works([program, ...args]: readonly string[]): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(program!, { args, stdout: "null", stderr: "null" })
      .output();
    return success;
  } catch {
    return false;
  }
}

/** A machine that is reached by nothing and reaches the daemon and the API by forwarded ports. */
class Container {
  readonly #acme: AcmeHome;
  readonly #daemonPort: number;
  readonly #directory: string;

  private constructor(acme: AcmeHome, daemonPort: number, directory: string) {
    this.#acme = acme;
    this.#daemonPort = daemonPort;
    this.#directory = directory;
  }

  static async create(acme: AcmeHome, stack: DisposableStack): Promise<Container> {
    const state = JSON.parse(await Deno.readTextFile(homePaths(acme.home.path).server.state));
    const directory = await Deno.makeTempDir({ dir: acme.directory });
    stack.use(forward(`unix:${directory}/daemon.sock`, `tcp:${state.port}`));
    stack.use(forward(`unix:${directory}/api.sock`, `tcp:${acme.api.port}`));
    return new Container(acme, state.port, directory);
  }

  /** Starts `authsome` in it. */
  start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Deno.ChildProcess {
    const own = `'${Deno.execPath()}' run --quiet --allow-all '${ROOT}tests/support/forward.ts'`;
    const forwarded = (name: string, port: number) =>
      `${own} tcp:${port} 'unix:${this.#directory}/${name}.sock' > '${this.#directory}/${name}.up' & ` +
      `until grep -q listening '${this.#directory}/${name}.up'; do :; done`;
    const words = [...AUTHSOME, ...args].map((word) => `'${word}'`).join(" ");
    // The forwards end with the shell, whose process they are killed with.
    const script = `ip link set lo up; ${forwarded("daemon", this.#daemonPort)}; ` +
      `${forwarded("api", this.#acme.api.port)}; ${words}; code=$?; kill %1 %2; exit $code`;
    const [program, ...rest] = [...NAMESPACE, "bash", "-c", script];
    return new Deno.Command(program!, {
      args: rest,
      cwd: this.#directory,
      clearEnv: true,
      env: {
        HOME: Deno.env.get("HOME") ?? "/",
        ...(Deno.env.has("DENO_DIR") ? { DENO_DIR: Deno.env.get("DENO_DIR")! } : {}),
        PATH: pathWithDeno(Deno.env.get("PATH") ?? ""),
        AUTHSOME_HOME: `${this.#directory}/home`,
        AUTHSOME_DAEMON_URL: `http://127.0.0.1:${this.#daemonPort}`,
        SSL_CERT_FILE: `${this.#acme.directory}/acme-roots.pem`,
        ...env,
      },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  /** `authsome run -- ASK` in it. */
  run(path: string): Deno.ChildProcess {
    const ask = `const r = await fetch("https://${ACME_HOST}${path}");` +
      ` console.log(r.status, Deno.env.get("ACME_API_KEY")); Deno.exit(r.ok ? 0 : 1)`;
    const mapped = `${ACME_HOST}:443:127.0.0.1:${this.#acme.api.port}`;
    return this.start([
      "run",
      "--connect-to",
      mapped,
      "--",
      "deno",
      "eval",
      ask.replaceAll("'", ""),
    ]);
  }
}

/** Reads standard error until `wanted` is there; the rest is read to the end beside. */
async function claimIn(child: Deno.ChildProcess): Promise<{ code: string; fingerprint: string }> {
  let text = "";
  const [first, rest] = child.stderr.tee();
  void rest.pipeTo(new WritableStream());
  for await (const chunk of first.pipeThrough(new TextDecoderStream() as never)) {
    text += chunk;
    const code = /profile accept ([A-Z]{4}-[A-Z]{4})/.exec(text)?.[1];
    const fingerprint = /fingerprint there:\s+((?:[0-9a-f]{4} ?){4})/.exec(text)?.[1];
    if (code !== undefined && fingerprint !== undefined) {
      return { code, fingerprint: fingerprint.trim() };
    }
  }
  throw new Error(`no claim was told: ${text}`);
}

async function ended(child: Deno.ChildProcess): Promise<{ code: number; stdout: string }> {
  const stdout = await new Response(child.stdout).text();
  return { code: (await child.status).code, stdout };
}

Deno.test(
  HAS_NAMESPACES
    ? "a run in a container waits for the owner, then carries the credential; what is taken back is gone"
    : "a run in a container waits for the owner (no network namespaces here)",
  { ignore: !HAS_NAMESPACES },
  async () => {
    const acme = await openAcmeHome();
    using stack = new DisposableStack();
    try {
      const container = await Container.create(acme, stack);

      const first = container.run("/from-the-container");
      const { code, fingerprint } = await claimIn(first);
      equal(acme.api.requests.length, 0, "nothing before the owner's word");
      const waiting = await acme.home.authsome(["profile", "accept"]);
      match(waiting.stdout, new RegExp(`${code}.*${fingerprint}`));
      const accepted = await acme.home.authsome([
        "profile",
        "accept",
        code,
        "--only",
        "acme",
        "--yes",
        "--json",
      ]);
      equal(accepted.code, 0, accepted.stderr);
      const { profile } = JSON.parse(accepted.stdout);

      const done = await ended(first);
      equal(done.code, 0, done.stdout);
      const [request] = acme.api.requests.filter(({ target }) => target === "/from-the-container");
      equal(request?.headers.get("x-api-key"), ACME_KEY);
      equal(done.stdout.includes(ACME_KEY), false, "the program sees a placeholder");
      match(done.stdout, /^200 ak_live_/);

      const again = container.run("/again");
      await again.stderr.cancel();
      equal((await ended(again)).code, 0, "nobody is asked a second time");

      for (const args of [["export", "acme"], ["get", "acme", "--show-secret"], ["log"]]) {
        const child = container.start([...args, "--json"]);
        await child.stderr.cancel();
        const { code, stdout } = await ended(child);
        equal(code, 4, stdout);
        equal(JSON.parse(stdout).error, "GrantDeniedError");
        ok(!stdout.includes(ACME_KEY));
      }

      const removed = await acme.home.authsome(["profile", "remove", profile]);
      match(removed.stdout, /has no access any more/);
      const refused = container.run("/refused");
      const second = await claimIn(refused);
      equal((await acme.home.authsome(["profile", "refuse", second.code])).code, 0);
      equal((await ended(refused)).code, 4);
      equal(acme.api.requests.some(({ target }) => target === "/refused"), false);
    } finally {
      await acme.close();
    }
  },
);
