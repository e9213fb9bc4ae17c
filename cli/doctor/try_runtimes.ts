/**
 * `authsome doctor --run`: starts each program of `runtimes.ts` that this machine has behind the real
 * proxy, with the environment that `authsome run` would give it, and sees whether its request
 * arrives with the credential.
 *
 * @module
 */
import { delimiter } from "node:path";
import { givenPlaceholders } from "../../proxy/placeholders.ts";
import {
  childEnvironment,
  createRunDirectory,
  openDoor,
  readOwnTrust,
  writeTrustFiles,
} from "../../proxy/run_parts.ts";
import { plural } from "../plural.ts";
import { broken, type Check, sound } from "./check.ts";
import { NOT_INSTALLED, type Runtime, RUNTIMES } from "./runtimes.ts";
import { startTrialApi, TRIAL_HOST, TRIAL_ROUTES, trialDaemon } from "./trial_api.ts";

/** What came of one program. */
export interface TriedRuntime {
  readonly name: string;
  /** `works`; `distrusts`: it refused the run's certificates; `bypasses`: nothing came through the proxy. */
  readonly outcome: "works" | "distrusts" | "bypasses" | "failed";
  /** What is the case; null when it works. */
  readonly problem: string | null;
  readonly mend: string | null;
}

/** A compiler that starts for the first time takes a while. */
const PATIENCE_MS = 60_000;
/** Of what a program says, for the message. */
const MOST_SAID = 200;

/** What a trial needs of the machine. */
export interface TrialOptions {
  /** The person's environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly runtimes?: readonly Runtime[];
  /** Told which program is being tried. */
  readonly tell?: (text: string) => void;
  /** Ends the program that is being tried, and takes away what was made for it. */
  readonly signal?: AbortSignal;
}

/** Tries every program that is here. @throws The reason of `signal`, once everything has ended. */
export async function tryRuntimes(
  { environment, runtimes = RUNTIMES, tell = () => {}, signal = NEVER }: TrialOptions,
): Promise<readonly TriedRuntime[]> {
  const here = runtimes.filter(({ program }) => isOnPath(program, environment["PATH"] ?? ""));
  if (here.length === 0) return [];
  const token = crypto.randomUUID();
  const directory = await createRunDirectory();
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => directory.remove());
  const api = startTrialApi(token);
  cleanup.defer(() => api.close());
  const roots = await directory.write("api.pem", api.authorityPem);
  // Of the person's environment the proxy must see nothing here: there is no way out to be taken.
  const readVariable = (name: string) => name === "SSL_CERT_FILE" ? roots : undefined;
  const door = await openDoor({ knownHosts: [TRIAL_HOST], readVariable });
  cleanup.defer(() => door.close());
  const trust = await writeTrustFiles(
    door.authority,
    directory,
    await readOwnTrust((name) => environment[name]),
  );
  await trust.writeLate();
  const env = childEnvironment({
    base: environment,
    proxyUrl: door.url,
    proxyPort: door.port,
    trust,
    variables: TRIAL_ROUTES.environment,
  });
  let distrusted = false;
  door.serve({
    daemon: trialDaemon(token),
    routes: TRIAL_ROUTES,
    denyUnmatched: true,
    connectTo: [{ host: TRIAL_HOST, port: 443, address: "127.0.0.1", addressPort: api.port }],
    placeholders: givenPlaceholders(TRIAL_ROUTES.environment, env),
    note: (line) => distrusted ||= line.includes("does not trust"),
  });

  const tried: TriedRuntime[] = [];
  for (const [i, runtime] of here.entries()) {
    signal.throwIfAborted();
    tell(`Trying ${runtime.name} (${i + 1} of ${here.length})`);
    distrusted = false;
    const [name, text] = runtime.file ?? [];
    const file = name === undefined ? "" : await directory.write(`${i}/${name}`, text!);
    const segment = `${i}`;
    const outcome = await start(runtime, {
      url: `https://${TRIAL_HOST}/${segment}`,
      file,
      cwd: directory.path,
      env: { ...env, NO_COLOR: "1", ...runtime.env },
      signal,
    });
    if (outcome === null) continue;
    tried.push(judge(runtime, outcome, api.reached.has(segment), distrusted));
  }
  signal.throwIfAborted();
  return tried;
}

const NEVER: AbortSignal = new AbortController().signal;

interface Trial {
  readonly url: string;
  readonly file: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** How the program ended; null when what the trial needs is not installed. */
async function start(
  { program, args }: Runtime,
  { url, file, cwd, env, signal }: Trial,
): Promise<{ readonly code: number; readonly said: string } | null> {
  const words = args.map((word) => word === "URL" ? url : word === "FILE" ? file : word);
  try {
    const { code, stderr } = await new Deno.Command(program, {
      args: words,
      cwd,
      clearEnv: true,
      env,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
      signal: AbortSignal.any([AbortSignal.timeout(PATIENCE_MS), signal]),
    }).output();
    if (code === NOT_INSTALLED) return null;
    return { code, said: tellingLine(new TextDecoder().decode(stderr)) };
  } catch (error) {
    return { code: 1, said: error instanceof Error ? error.message : String(error) };
  }
}

function judge(
  { name }: Runtime,
  { code, said }: { readonly code: number; readonly said: string },
  arrived: boolean,
  distrusted: boolean,
): TriedRuntime {
  if (arrived && code === 0) return { name, outcome: "works", problem: null, mend: null };
  const quoted = said === "" ? `it ended with ${code}` : said;
  if (distrusted || DISTRUST.test(said)) {
    const problem = `does not trust the run's certificates: ${quoted}`;
    return { name, outcome: "distrusts", problem, mend: SEE };
  }
  return arrived
    ? { name, outcome: "failed", problem: `its request arrived, then: ${quoted}`, mend: SEE }
    : { name, outcome: "bypasses", problem: `no request came through: ${quoted}`, mend: SEE };
}

/** What programs say of a certificate whose issuer they do not know; not all of them tell the proxy. */
const DISTRUST = /certificate|unknown ?issuer|unable to (get|verify)|self.signed/i;

const SEE = "see docs/clients.md for what this program reads";

/** The check that `--run` adds. */
export function runtimesCheck(tried: readonly TriedRuntime[]): Check {
  const failed = tried.filter(({ outcome }) => outcome !== "works");
  if (failed.length === 0) {
    if (tried.length === 0) return sound("run", "no known program is here");
    return sound("run", `${plural(tried.length, "program")} work${tried.length === 1 ? "s" : ""}`);
  }
  const names = failed.map(({ name }) => name).join(", ");
  const check = broken("run", `Not every program works behind the proxy: ${names}`, SEE);
  return {
    ...check,
    problems: failed.map(({ name, problem, mend }) => ({
      severity: "broken",
      problem: `${name} ${problem}`,
      mend: mend ?? SEE,
    })),
  };
}

function isOnPath(program: string, path: string): boolean {
  const name = Deno.build.os === "windows" ? `${program}.exe` : program;
  return path.split(delimiter).some((directory) => {
    try {
      return directory !== "" && Deno.statSync(`${directory}/${name}`).isFile;
    } catch {
      return false;
    }
  });
}

/** The line that says what went wrong; stack traces stand around it. */
function tellingLine(text: string): string {
  const lines = text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  const telling = lines.findLast((line) => DISTRUST.test(line)) ??
    lines.find((line) => /error|fail|refused|cannot/i.test(line)) ?? lines.at(-1) ?? "";
  return telling.slice(0, MOST_SAID);
}
