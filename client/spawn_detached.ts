/**
 * Starting a process that outlives this one: its own session (it survives the terminal), nobody's
 * child (it is not left as a zombie of ours), umask 077, a given environment and no other, one line
 * on standard input.
 *
 * The umask is what keeps SQLite's own files at 0600: the confined process may not set it itself.
 *
 * @module
 */

/** What to start. */
export interface Spawn {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Written to standard input when it is known, with a line end; null: nothing is, and it closes. */
  readonly bootLine: Promise<string | null> | string;
  /** Standard error, and standard output unless {@linkcode Spawn.readsLine}, are appended here. */
  readonly log: string;
  /** Whether the process says one line on standard output, to be returned. */
  readonly readsLine: boolean;
}

/** What was started. */
export interface Spawned {
  readonly pid: number;
  /** The line it said; null when it ended before, or was not asked. */
  readonly line: string | null;
}

/**
 * The shell forks once more and ends, so that the process belongs to init. A background command of a
 * shell without job control reads from /dev/null, hence the detour over descriptor 3.
 */
const SCRIPT = {
  silent: 'umask 077; log=$1; shift; exec 3<&0; "$@" <&3 3<&- >>"$log" 2>&1 & echo "$!"',
  speaking: 'umask 077; log=$1; shift; exec 3<&0; "$@" <&3 3<&- 2>>"$log" & echo "$!"',
};

/** Starts it; `timeoutMs` bounds the wait for its line. */
export async function spawnDetached(spawn: Spawn, timeoutMs = 30_000): Promise<Spawned> {
  if (Deno.build.os === "windows") return await spawnOnWindows(spawn, timeoutMs);
  const child = new Deno.Command("/bin/sh", {
    args: [
      "-c",
      spawn.readsLine ? SCRIPT.speaking : SCRIPT.silent,
      "sh",
      spawn.log,
      spawn.program,
      ...spawn.args,
    ],
    clearEnv: true,
    env: { ...spawn.env },
    cwd: spawn.cwd,
    detached: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const [lines] = await Promise.all([
    readLines(child.stdout, spawn.readsLine ? 2 : 1, timeoutMs),
    writeLine(child.stdin, spawn.bootLine),
    child.status,
  ]);
  // Two processes write to the one pipe: the shell its child's number, the child its line.
  const pid = lines.find((line) => /^\d+$/.test(line));
  return { pid: Number(pid ?? 0), line: lines.find((line) => line !== pid) ?? null };
}

/** No shell and no log there: the process has only what it writes into the home itself. [not run] */
async function spawnOnWindows(spawn: Spawn, timeoutMs: number): Promise<Spawned> {
  const child = new Deno.Command(spawn.program, {
    args: [...spawn.args],
    clearEnv: true,
    env: { ...spawn.env },
    cwd: spawn.cwd,
    detached: true,
    stdin: "piped",
    stdout: spawn.readsLine ? "piped" : "null",
    stderr: "null",
  }).spawn();
  await writeLine(child.stdin, spawn.bootLine);
  const lines = spawn.readsLine ? await readLines(child.stdout, 1, timeoutMs) : [];
  child.unref();
  return { pid: child.pid, line: lines[0] ?? null };
}

async function writeLine(
  stdin: WritableStream<Uint8Array>,
  line: Promise<string | null> | string,
): Promise<void> {
  const writer = stdin.getWriter();
  try {
    const text = await line;
    if (text !== null) await writer.write(new TextEncoder().encode(`${text}\n`));
    await writer.close();
  } catch {
    // It ended before it read: its log says why.
    await writer.abort().catch(() => {});
  }
}

async function readLines(
  stdout: ReadableStream<Uint8Array>,
  count: number,
  timeoutMs: number,
): Promise<string[]> {
  const reader = stdout.getReader();
  const timer = setTimeout(() => void reader.cancel(), timeoutMs);
  const decoder = new TextDecoder();
  let text = "";
  try {
    while (text.split("\n").length <= count) {
      const { value, done } = await reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
    }
  } finally {
    clearTimeout(timer);
    await reader.cancel();
  }
  return text.split("\n").filter((line) => line !== "");
}
