/**
 * Runs a command on a pseudo terminal and types what a person would. Python's `pty` is the terminal;
 * a test that needs it is skipped where there is no Python.
 *
 * @module
 */
import { isAvailable, OPTIONAL_PROGRAMS } from "./optional_programs.ts";
import { AUTHSOME, cleanEnvironment } from "./run_cli.ts";
import type { TemporaryHome } from "./temporary_home.ts";

/** Waits for a text on the screen, then types. */
export interface TerminalStep {
  readonly expect: string;
  readonly send?: string;
  /** A regular expression on what was seen; `{}` in `send` becomes its first group. */
  readonly capture?: string;
  /** A signal for the process instead of a key. */
  readonly signal?: "TERM" | "INT" | "HUP";
}

/** What was seen. */
export interface TerminalResult {
  readonly code: number;
  /** Everything that was written to the terminal, echo included. */
  readonly screen: string;
  /** Whether the terminal's settings are as they were before. */
  readonly restored: boolean;
}

/** How to run it. */
export interface TerminalOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly columns?: number;
  /** Its terminal stays where its keys come from. Default: the terminal. */
  readonly input?: "nothing";
}

/** Whether there is a Python to make terminals with. */
export const HAS_TERMINAL: boolean = Deno.build.os !== "windows" &&
  await isAvailable(OPTIONAL_PROGRAMS.find(({ name }) => name === "python3")!);

/** Runs `authsome` on a terminal. */
export async function onTerminal(
  home: TemporaryHome,
  args: readonly string[],
  steps: readonly TerminalStep[],
  { env = {}, columns = 80, input }: TerminalOptions = {},
): Promise<TerminalResult> {
  const child = new Deno.Command("python3", {
    args: ["-c", PYTHON],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify({
    command: [...AUTHSOME, ...args],
    environment: { ...cleanEnvironment(home), TERM: "xterm-256color", ...env },
    directory: home.directory,
    columns,
    input,
    steps,
  })));
  await writer.close();
  const { stdout, success } = await child.output();
  if (!success) throw new Error("the terminal could not be played");
  return JSON.parse(new TextDecoder().decode(stdout));
}

const PYTHON = `
import fcntl, json, os, pty, re, select, signal, struct, subprocess, sys, termios, time
play = json.load(sys.stdin)
master, slave = pty.openpty()
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, play["columns"], 0, 0))
before = termios.tcgetattr(slave)
def own_terminal():
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
child = subprocess.Popen(play["command"], stdout=slave, stderr=slave,
    stdin=subprocess.DEVNULL if play.get("input") == "nothing" else slave, env=play["environment"], cwd=play["directory"], preexec_fn=own_terminal)
screen, at = b"", 0
def read(seconds):
    global screen
    ready, _, _ = select.select([master], [], [], seconds)
    if ready: screen += os.read(master, 65536)
    return bool(ready)
deadline = time.monotonic() + 240
for step in play["steps"]:
    wanted = step["expect"].encode()
    while wanted not in screen[at:]:
        if time.monotonic() > deadline or (child.poll() is not None and not read(0.1)):
            sys.stderr.write("never seen: %r in %r\\n" % (step["expect"], screen.decode(errors="replace")))
            child.kill()
            sys.exit(1)
        read(0.05)
    at = screen.index(wanted, at) + len(wanted)
    if "send" in step:
        text = step["send"]
        if "capture" in step:
            text = text.replace("{}", re.search(step["capture"], screen.decode()).group(1))
        os.write(master, text.encode())
    if "signal" in step: child.send_signal(getattr(signal, "SIG" + step["signal"]))
while child.poll() is None:
    if time.monotonic() > deadline: child.kill()
    read(0.05)
while read(0.05): pass
json.dump({"code": child.returncode, "screen": screen.decode(errors="replace"),
    "restored": termios.tcgetattr(slave) == before}, sys.stdout)
`;
