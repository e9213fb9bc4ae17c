/**
 * The programs of `deno task bench_proxy` that are not ours, as child processes: what `bench/go`
 * builds (server, client, Go proxy), and mitmdump.
 *
 * @module
 */
import { findProgram } from "../tests/support/deno_on_path.ts";
import { accepts, freePort } from "./loopback_port.ts";
import { RUNTIME_ENVIRONMENT } from "./runtime_environment.ts";

/** A program that serves until it is stopped. */
export interface ServingProgram {
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

/** Where `go` is: on the path, or where its own installer puts it. */
export function findGo(): string | null {
  return findProgram("go", `${Deno.env.get("PATH") ?? ""}:/usr/local/go/bin`);
}

/**
 * Builds `bench/go`; the path of the program.
 *
 * @throws {Error} with the compiler's words.
 */
export async function buildGoProgram(go: string, directory: string): Promise<string> {
  const program = `${directory}/bench`;
  const { success, stderr } = await new Deno.Command(go, {
    args: ["build", "-o", program, "."],
    cwd: new URL("go/", import.meta.url),
    env: {
      CGO_ENABLED: "0",
      GOFLAGS: "-mod=mod",
      GOPROXY: "off",
      GOCACHE: `${directory}/go-cache`,
    },
  }).output();
  if (!success) throw new Error(`go build: ${new TextDecoder().decode(stderr)}`);
  return program;
}

/** Starts a program of `bench/go`, or another one that prints its port once it listens. */
export async function startGoProgram(
  program: string,
  args: readonly string[],
): Promise<ServingProgram> {
  const child = new Deno.Command(program, {
    args: [...args],
    env: { ...RUNTIME_ENVIRONMENT },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await reader.read();
  const port = Number(value);
  if (!(port > 0)) throw new Error(`${args[0]} did not say its port: ${value}`);
  return { pid: child.pid, port, stop: () => stop(child, reader) };
}

/** Writes an authority, and a leaf for `names` with its key, into files that begin with `prefix`. */
export async function writeLeaf(
  program: string,
  prefix: string,
  names: readonly string[],
): Promise<{ readonly ca: string; readonly certificate: string; readonly key: string }> {
  const [ca, certificate, key] = ["ca.pem", "leaf.pem", "leaf.key"].map((name) =>
    `${prefix}-${name}`
  ) as [string, string, string];
  const { success, stderr } = await new Deno.Command(program, {
    args: [
      "leaf",
      `-ca=${ca}`,
      `-certificate=${certificate}`,
      `-key=${key}`,
      `-names=${names.join(",")}`,
    ],
  }).output();
  if (!success) throw new Error(`leaf: ${new TextDecoder().decode(stderr)}`);
  return { ca, certificate, key };
}

/** Starts `bare_relay.ts`. */
export function startBareRelay(args: readonly string[]): Promise<ServingProgram> {
  const script = new URL("bare_relay.ts", import.meta.url).pathname;
  return startGoProgram(Deno.execPath(), ["run", "--quiet", "--no-lock", "-A", script, ...args]);
}

async function stop(
  child: Deno.ChildProcess,
  reader?: ReadableStreamDefaultReader<string>,
): Promise<void> {
  child.kill("SIGKILL");
  await child.status;
  await reader?.cancel();
}

/** What mitmdump is started with. */
export interface MitmdumpOptions {
  readonly directory: string;
  /** Certificates that servers are verified by. */
  readonly rootsFile: string;
  /** Which port a host is on. */
  readonly portOf: (host: string) => number;
  /** A host whose port is not that of the others. */
  readonly goHost: string;
  readonly credential: string;
}

/** Whether mitmdump is installed. */
export function hasMitmdump(): boolean {
  return findProgram("mitmdump", Deno.env.get("PATH") ?? "") !== null;
}

/** Starts it with an addon that adds the header and streams bodies; waits until it accepts. */
export async function startMitmdump(options: MitmdumpOptions): Promise<ServingProgram> {
  const { directory, rootsFile } = options;
  const addon = `${directory}/addon.py`;
  await Deno.writeTextFile(addon, addonText(options));
  const port = freePort();
  const child = new Deno.Command("mitmdump", {
    args: [
      ["--quiet", "--listen-host", "127.0.0.1", "--listen-port", String(port)],
      ["--set", `confdir=${directory}/mitmproxy`],
      ["--set", `ssl_verify_upstream_trusted_ca=${rootsFile}`],
      ["--set", "connection_strategy=lazy", "--scripts", addon],
    ].flat(),
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  while (!await accepts(port)) await new Promise((resolve) => setTimeout(resolve, 20));
  return { pid: child.pid, port, stop: () => stop(child) };
}

/** Where mitmdump keeps its authority. */
export function mitmdumpRoots(directory: string): string {
  return `${directory}/mitmproxy/mitmproxy-ca-cert.pem`;
}

function addonText({ portOf, goHost, credential }: MitmdumpOptions): string {
  return `PORTS = {"${goHost}": ${portOf(goHost)}}

def server_connect(data):
    data.server.address = ("127.0.0.1", PORTS.get(data.server.address[0], ${portOf("")}))

def requestheaders(flow):
    flow.request.headers["authorization"] = ${JSON.stringify(credential)}
    flow.request.stream = True

def responseheaders(flow):
    flow.response.stream = True
`;
}
