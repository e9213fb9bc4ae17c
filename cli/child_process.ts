/**
 * The child of `run`: started with our own standard streams, sent the signals that we are sent, and
 * its end told the way a shell tells it.
 *
 * @module
 */

/** What to start. */
export interface ChildOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Called once it runs. */
  readonly onStarted?: () => void;
}

/** Exit codes of a shell (POSIX XCU 2.8.2). */
const NOT_EXECUTABLE = 126;
const NOT_FOUND = 127;
const SIGNALLED = 128;

/** The child could not be started. */
export class ChildNotStartedError extends Error {
  /** 127 when there is no such command, 126 when it cannot be executed. */
  readonly exitCode: number;

  /** See the class. */
  constructor(message: string, exitCode: number, cause: unknown) {
    super(message, { cause });
    this.name = "ChildNotStartedError";
    this.exitCode = exitCode;
  }
}

const FORWARDED: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR2", "SIGWINCH", "SIGCONT"];

/** From a terminal these reach the child without us: it is in the same foreground group. */
const SENT_BY_TERMINAL: ReadonlySet<Deno.Signal> = new Set(["SIGINT", "SIGQUIT", "SIGWINCH"]);

/**
 * Runs the child to its end and gives its exit code, 128+N for signal N.
 *
 * @throws {ChildNotStartedError}
 */
export async function runChild(
  { command, args, env, onStarted }: ChildOptions,
): Promise<number> {
  // Listening begins first: a signal in between would end us and leave the child alone.
  const early: Deno.Signal[] = [];
  let forward = (signal: Deno.Signal): void => void early.push(signal);
  const stop = forwardSignals((signal) => forward(signal));
  try {
    const child = start(command, args, env);
    forward = (signal) => {
      try {
        child.kill(signal);
      } catch { /* it has just ended */ }
    };
    early.forEach(forward);
    onStarted?.();
    const { code, signal } = await child.status;
    return signal === null ? code : SIGNALLED + (signalNumber(signal) ?? 0);
  } finally {
    stop();
  }
}

function start(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Deno.ChildProcess {
  try {
    return new Deno.Command(command, {
      args: [...args],
      env: { ...env },
      clearEnv: true,
      stdin: "inherit",
      stdout: "inherit",
      stderr: "inherit",
    }).spawn();
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) {
      throw new ChildNotStartedError(`${command}: command not found`, NOT_FOUND, cause);
    }
    const reason = cause instanceof Deno.errors.PermissionDenied
      ? "permission denied"
      : cause instanceof Error
      ? cause.message
      : String(cause);
    throw new ChildNotStartedError(`${command}: ${reason}`, NOT_EXECUTABLE, cause);
  }
}

/** Calls back for each signal until the returned function is called. */
function forwardSignals(onSignal: (signal: Deno.Signal) => void): () => void {
  const isForeground = Deno.stdin.isTerminal();
  const listeners = FORWARDED.map((signal) => {
    const listener = () => {
      if (isForeground && SENT_BY_TERMINAL.has(signal)) return;
      onSignal(signal);
    };
    Deno.addSignalListener(signal, listener);
    return [signal, listener] as const;
  });
  return () => {
    for (const [signal, listener] of listeners) Deno.removeSignalListener(signal, listener);
  };
}

/** Numbers that are the same on Linux and macOS, and the few that are not. */
const NUMBERS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGTRAP: 5,
  SIGABRT: 6,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
  ...(Deno.build.os === "linux"
    ? { SIGBUS: 7, SIGUSR1: 10, SIGUSR2: 12, SIGXCPU: 24, SIGXFSZ: 25, SIGSYS: 31 }
    : { SIGBUS: 10, SIGSYS: 12, SIGUSR1: 30, SIGUSR2: 31, SIGXCPU: 24, SIGXFSZ: 25 }),
};

function signalNumber(signal: string): number | undefined {
  return NUMBERS[signal];
}
