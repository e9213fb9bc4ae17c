/**
 * What a soak runs on: a home with two logins, the servers, and one `authsome run` that stays.
 *
 * @module
 */
import { homePaths } from "../../core/paths.ts";
import { DEFINITION } from "../../tests/support/acme_home.ts";
import { pathWithDeno } from "../../tests/support/deno_on_path.ts";
import { ROOT, TemporaryHome } from "../../tests/support/temporary_home.ts";
import { until } from "../../tests/support/until.ts";
import { Ledger } from "./ledger.ts";
import { FIXED_KEY, HOSTS, startSoakServer } from "./soak_server.ts";

/** See the module. */
export interface SoakStage {
  readonly ledger: Ledger;
  /** Of `authsome run`, which is the proxy. */
  readonly pid: number;
  readonly proxyPort: number;
  /** Line of a request to the proxy. */
  readonly authorization: string;
  /** PEM; what the child trusts. */
  readonly roots: readonly string[];
  /** Logs in with another key while everything goes on. */
  changeKey(): Promise<void>;
  /** Kills the daemon as a crash does; the run brings it back. */
  killDaemon(): Promise<void>;
  /** Ends the run; says what is left of it: nothing, if all is well. */
  close(): Promise<string[]>;
}

/** The child: it says how it would reach the proxy, and waits. */
const CHILD = 'echo "$HTTPS_PROXY"; echo "$SSL_CERT_FILE"; read line; exit 0';

/** Sets it up. */
export async function openSoakStage(): Promise<SoakStage> {
  const home = await TemporaryHome.create();
  const firstKey = randomKey();
  const ledger = new Ledger(firstKey);
  const server = startSoakServer(ledger);
  const roots = `${home.directory}/roots.pem`;
  await Deno.writeTextFile(roots, server.authorityPem);
  await logIn(home, "acme", HOSTS.fixed, FIXED_KEY);
  await logIn(home, "beta", HOSTS.changing, firstKey);
  const temporary = `${home.directory}/tmp`;
  await Deno.mkdir(temporary);
  const run = startRun(home, roots, temporary, [
    ...[HOSTS.fixed, HOSTS.changing, HOSTS.tunnelled].map((host) =>
      `${host}:443:127.0.0.1:${server.port}`
    ),
    `${HOSTS.plain}:80:127.0.0.1:${server.plainPort}`,
  ]);
  const [proxy, bundle] = await readLines(run.stdout, 2);
  const { port, username, password } = new URL(proxy!);
  let killed = 0;
  const daemonPid = async (): Promise<number> =>
    JSON.parse(await Deno.readTextFile(homePaths(home.path).server.state)).pid;
  return {
    ledger,
    pid: run.pid,
    proxyPort: Number(port),
    authorization: `Proxy-Authorization: Basic ${btoa(`${username}:${password}`)}\r\n`,
    roots: splitRoots(await Deno.readTextFile(bundle!)),
    changeKey: async () => {
      const key = randomKey();
      ledger.beginChange(key);
      const login = () =>
        home.authsome(["login", "beta", "--force", "--stdin"], { input: `${key}\n` });
      // One that the daemon's death cut short is made again, as a person would.
      while ((await login()).code !== 0);
      ledger.endChange();
    },
    killDaemon: async () => {
      // On a busy machine the one that was killed last is not replaced yet.
      await until(async () => await daemonPid() !== killed);
      Deno.kill(killed = await daemonPid(), "SIGKILL");
    },
    close: async () => {
      await run.stdin.close();
      const { code } = await run.status;
      const left = [...Deno.readDirSync(temporary)].map(({ name }) => name);
      await server.close();
      const processes = await home.remove();
      return [
        ...(code === 0 ? [] : [`exit code ${code}`]),
        ...left,
        ...processes.map((pid) => `process ${pid}`),
      ];
    },
  };
}

function startRun(
  home: TemporaryHome,
  roots: string,
  temporary: string,
  mappings: readonly string[],
): Deno.ChildProcess {
  const kept = ["HOME", "DENO_DIR"].flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  });
  return new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--allow-all", `${ROOT}cli.ts`, "run", "--quiet"],
      ...mappings.flatMap((mapping) => ["--connect-to", mapping]),
      ...["--", "sh", "-c", CHILD],
    ],
    clearEnv: true,
    env: {
      ...Object.fromEntries(kept),
      PATH: pathWithDeno(Deno.env.get("PATH") ?? ""),
      AUTHSOME_HOME: home.path,
      AUTHSOME_PORT: "0",
      TMPDIR: temporary,
      SSL_CERT_FILE: roots,
    },
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

async function logIn(home: TemporaryHome, name: string, host: string, key: string): Promise<void> {
  const definition = `${home.directory}/${name}.json`;
  const env = { [`${name.toUpperCase()}_API_KEY`]: "api_key" };
  await Deno.writeTextFile(
    definition,
    JSON.stringify({ ...DEFINITION, name, hosts: [{ url: host }], env }),
  );
  await succeed(home.authsome(["register", definition, "--yes"]));
  await succeed(home.authsome(["login", name, "--stdin"], { input: `${key}\n` }));
}

async function succeed(command: ReturnType<TemporaryHome["authsome"]>): Promise<void> {
  const { code, stdout, stderr } = await command;
  if (code !== 0) throw new Error(`exit ${code}: ${stdout}${stderr}`);
}

async function readLines(stream: ReadableStream<Uint8Array>, count: number): Promise<string[]> {
  let text = "";
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  while (text.split("\n").length <= count) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`the run ended: ${text}`);
    text += value;
  }
  return text.split("\n");
}

function splitRoots(bundle: string): string[] {
  return bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

function randomKey(): string {
  return `ak_live_${crypto.getRandomValues(new Uint8Array(16)).toHex()}`;
}
