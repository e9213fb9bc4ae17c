/**
 * The real command line as a process that goes on while a test looks at what it has said so far.
 *
 * @module
 */
import { AUTHSOME, cleanEnvironment, type CliResult } from "./run_cli.ts";
import type { TemporaryHome } from "./temporary_home.ts";

/** A command under way. */
export interface RunningCommand {
  readonly pid: number;
  /** Resolves once what it wrote to standard error matches; rejects when it ends without. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
  /** Sends a signal. */
  kill(signal: Deno.Signal): void;
  readonly finished: Promise<CliResult>;
}

/** Starts `authsome` with `args`. */
export function startCommand(
  home: TemporaryHome,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): RunningCommand {
  const [program, ...words] = [...AUTHSOME, ...args];
  const child = new Deno.Command(program!, {
    args: words,
    cwd: home.directory,
    clearEnv: true,
    env: { ...cleanEnvironment(home), ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let stderr = "";
  let ended = false;
  let changed = Promise.withResolvers<void>();
  const notify = () => {
    changed.resolve();
    changed = Promise.withResolvers();
  };
  const said = (async () => {
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      stderr += text;
      notify();
    }
    ended = true;
    notify();
  })();
  const finished = (async () => {
    const [stdout, { code }] = await Promise.all([
      new Response(child.stdout).text(),
      child.status,
      said,
    ]);
    return { code, stdout, stderr };
  })();
  return {
    pid: child.pid,
    kill: (signal) => child.kill(signal),
    finished,
    async until(pattern) {
      for (;;) {
        const next = changed.promise;
        const match = pattern.exec(stderr);
        if (match !== null) return match;
        if (ended) throw new Error(`never said ${pattern}: ${stderr}`);
        await next;
      }
    },
  };
}
