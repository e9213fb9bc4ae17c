/**
 * Everything that `deno task bench_proxy` measures, started: a server, a real daemon with a login,
 * real runs of `authsome run`, and what they are compared with.
 *
 * @module
 */
import { AUTHSOME, cleanEnvironment } from "../tests/support/run_cli.ts";
import { TemporaryHome } from "../tests/support/temporary_home.ts";
import {
  buildGoProgram,
  hasMitmdump,
  mitmdumpRoots,
  type ServingProgram,
  startBareRelay,
  startGoProgram,
  startMitmdump,
  writeLeaf,
} from "./proxy_programs.ts";
import { type Origin, startOrigin } from "./proxy_origin.ts";
import { RUNTIME_ENVIRONMENT } from "./runtime_environment.ts";
import { startBareRun } from "./start_bare_run.ts";

/** The host whose requests carry the credential. */
export const HOST = "api.bench.test";
/** The same, of the server in Go (`proxy_origin.ts`). */
export const GO_HOST = "go.bench.test";
/** The size of a download; larger ones are the server's in Go. */
export const DOWNLOAD_BYTES = 10 * 2 ** 20;
/** A host that no login covers. */
export const TUNNELLED_HOST = "www.elsewhere.test";
/** Hosts that each contestant is asked for once, from 0 on; a wildcard of the definition covers them. */
export const NEW_HOST = "n%d.bench.test";
/** The same, and the definition names each. */
export const NAMED_HOST = "named%d.bench.test";
const NEW_HOSTS = 140;
const NAMED_HOSTS = 70;
const KEY = "bench_0123456789abcdef0123456789abcdef";
/** What the server wants to see in `Authorization`. */
export const CREDENTIAL = `Bearer ${KEY}`;

/** A way to the server. */
export interface Contestant {
  readonly name: string;
  /** What the client is told of it. */
  readonly loadArgs: readonly string[];
  readonly pid: number;
  stop(): Promise<void>;
}

/** Of `bare_relay.ts`. */
export type BareMode = "tunnel" | "intercept" | "ask" | "ask_first";

/** See the module. */
export interface Stage {
  /** Who answers most requests: see `proxy_origin.ts`. */
  readonly server: Origin["name"];
  /** The client of `bench/go`. */
  readonly program: string;
  readonly direct: Contestant;
  /** The Go proxy. */
  startGo(): Promise<Contestant>;
  /** `bare_relay.ts`. */
  startBare(mode: BareMode): Promise<Contestant>;
  /** `bare_run.ts`, which serves nobody. */
  startBareRun(): Promise<Contestant>;
  /** Null where it is not installed. */
  startMitmdump(): Promise<Contestant | null>;
  /** `authsome run`; `entry` in place of `cli.ts`. */
  startRun(name: string, entry?: string, flags?: readonly string[]): Promise<Contestant>;
  close(): Promise<void>;
}

/** Sets it up. */
export async function openStage(go: string): Promise<Stage> {
  const home = await TemporaryHome.create();
  const program = await buildGoProgram(go, home.directory);
  const origin = await startOrigin({
    program,
    directory: home.directory,
    names: ["*.bench.test", TUNNELLED_HOST],
    goHost: GO_HOST,
    credential: CREDENTIAL,
    sizes: [DOWNLOAD_BYTES],
  });
  const { roots } = origin;
  try {
    await logIn(home);
  } catch (error) {
    await origin.stop();
    await home.remove();
    throw error;
  }
  const started: Contestant[] = [];
  const keep = (contestant: Contestant): Contestant => {
    let stopped: Promise<void> | null = null;
    const kept = { ...contestant, stop: () => stopped ??= contestant.stop() };
    started.push(kept);
    return kept;
  };
  return {
    server: origin.name,
    program,
    direct: {
      name: "direct",
      loadArgs: [
        `-direct=${origin.addresses("127.0.0.1:")}`,
        `-roots=${roots}`,
        `-credential=${CREDENTIAL}`,
      ],
      pid: origin.pid,
      stop: () => origin.stop(),
    },
    startGo: async () => {
      const ca = `${home.directory}/go.pem`;
      return keep(proxied(
        "Go proxy",
        ca,
        await startGoProgram(program, [
          "proxy",
          `-ca=${ca}`,
          `-roots=${roots}`,
          `-to=${origin.addresses("127.0.0.1:")}`,
          "-routed=.bench.test",
          `-credential=${CREDENTIAL}`,
        ]),
        roots,
      ));
    },
    startBare: async (mode) => {
      const prefix = `${home.directory}/${mode}`;
      const { ca, certificate, key } = await writeLeaf(program, prefix, ["*.bench.test"]);
      const files = [roots, certificate, key];
      const relay = await startBareRelay([mode, origin.addresses(""), ...files]);
      const bare = proxied("bare relay", ca, relay, roots);
      // It adds no credential, so the client does; in a tunnel it does anyhow.
      return keep({ ...bare, loadArgs: [...bare.loadArgs, `-credential=${CREDENTIAL}`] });
    },
    startBareRun: async () => keep(await startBareRun(home)),
    startMitmdump: async () => {
      if (!hasMitmdump()) return null;
      const { directory } = home;
      return keep(proxied(
        "mitmdump",
        mitmdumpRoots(directory),
        await startMitmdump({
          directory,
          rootsFile: roots,
          portOf: origin.portOf,
          goHost: GO_HOST,
          credential: CREDENTIAL,
        }),
      ));
    },
    startRun: async (name, entry, flags = []) =>
      keep(await startRun(name, { home, origin, entry, flags })),
    close: async () => {
      for (const contestant of started) await contestant.stop();
      await origin.stop();
      await home.remove();
    },
  };
}

const DEFINITION = {
  schema_version: 1,
  name: "bench",
  display_name: "Bench",
  auth_type: "api_key",
  flow: "api_key",
  hosts: [{ url: "*.bench.test" }, ...hosts(NAMED_HOST, NAMED_HOSTS).map((url) => ({ url }))],
  injection: { type: "header", name: "Authorization", value: "Bearer {api_key}" },
  fields: [{ name: "api_key", label: "API key", secret: true }],
};

async function logIn(home: TemporaryHome): Promise<void> {
  const definition = `${home.directory}/bench.json`;
  await Deno.writeTextFile(definition, JSON.stringify(DEFINITION));
  for (
    const [args, input] of [
      [["register", definition, "--yes"], ""],
      [["login", "bench", "--stdin"], `${KEY}\n`],
    ] as const
  ) {
    const { code, stderr } = await home.authsome(args, { input });
    if (code !== 0) throw new Error(`authsome ${args.join(" ")} ended with ${code}: ${stderr}`);
  }
}

function proxied(
  name: string,
  ca: string,
  { pid, port, stop }: ServingProgram,
  tunnelledRoots?: string,
): Contestant {
  return {
    name,
    loadArgs: [
      `-proxy=http://127.0.0.1:${port}`,
      `-roots=${[ca, tunnelledRoots].filter(Boolean).join(",")}`,
    ],
    pid,
    stop,
  };
}

interface RunSettings {
  readonly home: TemporaryHome;
  readonly origin: Origin;
  readonly entry: string | undefined;
  /** For the runtime. */
  readonly flags: readonly string[];
}

/** Its child says where the proxy is, and goes on until its input ends. */
async function startRun(name: string, settings: RunSettings): Promise<Contestant> {
  const { home, origin, entry, flags } = settings;
  const [deno, run, ...rest] = AUTHSOME;
  const words = [...flags, ...rest];
  if (entry !== undefined) words[words.length - 1] = entry;
  const mapped = [
    HOST,
    GO_HOST,
    TUNNELLED_HOST,
    ...hosts(NEW_HOST, NEW_HOSTS),
    ...hosts(NAMED_HOST, NAMED_HOSTS),
  ];
  const child = new Deno.Command(deno!, {
    args: [
      run!,
      ...words,
      "run",
      ...mapped.flatMap((host) => ["--connect-to", `${host}:443:127.0.0.1:${origin.portOf(host)}`]),
      ...["--", "sh", "-c", 'echo "$HTTPS_PROXY $SSL_CERT_FILE"; cat'],
    ],
    cwd: home.directory,
    clearEnv: true,
    env: { ...cleanEnvironment(home), ...RUNTIME_ENVIRONMENT, SSL_CERT_FILE: origin.roots },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await reader.read();
  const [url, bundle] = value.trim().split(" ");
  if (url === undefined || bundle === undefined) throw new Error(`run said: ${value}`);
  return {
    name,
    loadArgs: [`-proxy=${url}`, `-roots=${bundle}`],
    pid: child.pid,
    stop: async () => {
      await child.stdin.close();
      await child.status;
      await reader.cancel();
    },
  };
}

function hosts(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, n) => name.replace("%d", String(n)));
}
