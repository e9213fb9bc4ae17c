/**
 * The child of `run`: started with our own standard streams, sent the signals that we are sent, and
 * its end told the way a shell tells it.
 *
 * @module
 */
import type { SignalForwarder } from "./signal_forwarder.ts";

/** What to start. */
export interface ChildOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Listening already: a signal in between would end us and leave the child alone. */
  readonly signals: SignalForwarder;
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

/**
 * Runs the child to its end and gives its exit code, 128+N for signal N.
 *
 * @throws {ChildNotStartedError}
 */
export async function runChild(
  { command, args, env, signals, onStarted }: ChildOptions,
): Promise<number> {
  const child = start(command, args, env);
  signals.sendTo(child);
  onStarted?.();
  const { code, signal } = await child.status;
  return signal === null ? code : SIGNALLED + (signalNumber(signal) ?? 0);
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
      const needs = missingPart(command, env["PATH"] ?? "");
      if (needs !== null) {
        throw new ChildNotStartedError(`${command}: ${needs} is not there`, NOT_EXECUTABLE, cause);
      }
      throw new ChildNotStartedError(`${command}: command not found`, NOT_FOUND, cause);
    }
    const reason = cause instanceof Deno.errors.PermissionDenied
      ? (isDirectory(command) ? "is a directory" : "permission denied")
      : cause instanceof Error
      ? cause.message
      : String(cause);
    throw new ChildNotStartedError(`${command}: ${reason}`, NOT_EXECUTABLE, cause);
  }
}

/**
 * What a program that is there cannot be started without: the system says "not found" of the program
 * itself. Null where there is no such program.
 */
function missingPart(command: string, searchPath: string): string | null {
  const places = command.includes("/")
    ? [command]
    : searchPath.split(":").map((directory) => `${directory || "."}/${command}`);
  for (const place of places) {
    const start = new Uint8Array(256);
    try {
      using file = Deno.openSync(place);
      const text = new TextDecoder().decode(start.subarray(0, file.readSync(start) ?? 0));
      const interpreter = /^#!\s*(\S+)/.exec(text)?.[1];
      return interpreter === undefined
        ? "what it is loaded with"
        : `its interpreter ${interpreter}`;
    } catch {
      // Not here, or not ours to read.
    }
  }
  return null;
}

function isDirectory(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
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
