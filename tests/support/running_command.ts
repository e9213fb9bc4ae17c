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
  /** The same for what it printed, its standard output. */
  untilPrinted(pattern: RegExp): Promise<RegExpExecArray>;
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
  const stdout = listen(child.stdout);
  const stderr = listen(child.stderr);
  const finished = (async () => {
    const [{ code }] = await Promise.all([child.status, stdout.ended, stderr.ended]);
    return { code, stdout: stdout.text(), stderr: stderr.text() };
  })();
  return {
    pid: child.pid,
    kill: (signal) => child.kill(signal),
    finished,
    until: stderr.until,
    untilPrinted: stdout.until,
  };
}

interface Listener {
  readonly text: () => string;
  readonly ended: Promise<void>;
  readonly until: (pattern: RegExp) => Promise<RegExpExecArray>;
}

function listen(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Listener {
  let text = "";
  let isOver = false;
  let changed = Promise.withResolvers<void>();
  const notify = () => {
    changed.resolve();
    changed = Promise.withResolvers();
  };
  const ended = (async () => {
    for await (const piece of stream.pipeThrough(new TextDecoderStream())) {
      text += piece;
      notify();
    }
    isOver = true;
    notify();
  })();
  return {
    text: () => text,
    ended,
    async until(pattern) {
      for (;;) {
        const next = changed.promise;
        const match = pattern.exec(text);
        if (match !== null) return match;
        if (isOver) throw new Error(`never said ${pattern}: ${text}`);
        await next;
      }
    },
  };
}
