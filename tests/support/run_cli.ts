/**
 * Runs the real command line as a child process, in an environment that holds only what is said.
 *
 * @module
 */
import { pathWithDeno } from "./deno_on_path.ts";
import { ROOT, type TemporaryHome } from "./temporary_home.ts";

/** What came of it. */
export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How to run it. */
export interface CliOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The command that is `authsome`, for a shell or a terminal. */
export const AUTHSOME: readonly string[] = [
  Deno.execPath(),
  "run",
  "--quiet",
  "--allow-all",
  `${ROOT}cli.ts`,
];

/** Only what finds programs and cached modules; HOME because npm's configuration lies there. */
export function cleanEnvironment(home: TemporaryHome): Record<string, string> {
  const passed = ["HOME", "DENO_DIR", "NPM_CONFIG_REGISTRY", "JSR_URL", "TMPDIR"];
  const kept = passed.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  });
  return {
    ...Object.fromEntries(kept),
    PATH: pathWithDeno(Deno.env.get("PATH") ?? "/usr/bin:/bin"),
    AUTHSOME_HOME: home.path,
    AUTHSOME_PORT: "0",
  };
}

/** Runs `authsome` with `args`. */
export async function runCli(
  home: TemporaryHome,
  args: readonly string[],
  options: CliOptions = {},
): Promise<CliResult> {
  return await runProgram(home, [...AUTHSOME, ...args], options);
}

/** Runs any program in the same environment. */
export async function runProgram(
  home: TemporaryHome,
  [program, ...args]: readonly string[],
  { input = "", env = {} }: CliOptions = {},
): Promise<CliResult> {
  const child = new Deno.Command(program!, {
    args,
    cwd: home.directory,
    clearEnv: true,
    env: { ...cleanEnvironment(home), ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = child.output();
  const writer = child.stdin.getWriter();
  // A command that reads nothing has closed its end.
  await writer.write(new TextEncoder().encode(input)).then(() => writer.close()).catch(() => {});
  const { code, stdout, stderr } = await output;
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}
