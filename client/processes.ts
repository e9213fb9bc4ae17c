/**
 * Telling whether a process lives and whether it is one of ours, before a signal is sent to a number
 * that the system may have given to somebody else meanwhile.
 *
 * @module
 */

/** Whether a process with this number runs; one that has ended and was not reaped does not. */
export function isAlive(pid: number): boolean {
  if (Deno.build.os === "linux") {
    try {
      // The name in parentheses may hold anything; the state is the first field behind it.
      const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
      return stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3) !== "Z";
    } catch (error) {
      if (!mayNotRead(error)) return false;
    }
  }
  try {
    // Harmless to a process that is not stopped.
    Deno.kill(pid, "SIGCONT");
    return true;
  } catch (error) {
    return error instanceof Deno.errors.PermissionDenied;
  }
}

/** Ends of the two entries' URLs, in any version, and of the compiled programs. */
const ENTRY = {
  daemon: /(?:\/daemon\/main\.ts|[/\\]authsomed(?:\.exe)?)$/,
  relay: /(?:\/daemon\/relay_main\.ts|[/\\]authsome-relay(?:\.exe)?)$/,
} as const;

/** Whether the process was started by a launcher for this home: its command line ends with both. */
export async function isOurs(
  pid: number,
  role: keyof typeof ENTRY,
  home: string,
): Promise<boolean> {
  if (pid < 2 || !isAlive(pid)) return false;
  const words = await commandLine(pid);
  return words.some((word) => ENTRY[role].test(word)) && words.includes(home);
}

async function commandLine(pid: number): Promise<readonly string[]> {
  if (Deno.build.os === "linux") {
    try {
      return Deno.readTextFileSync(`/proc/${pid}/cmdline`).split("\0");
    } catch (error) {
      if (!mayNotRead(error)) return [];
    }
  }
  if (Deno.build.os === "windows") return [];
  const { stdout } = await new Deno.Command("/bin/ps", {
    args: ["-ww", "-o", "command=", "-p", String(pid)],
    stderr: "null",
  }).output();
  return new TextDecoder().decode(stdout).trim().split(" ");
}

/** `/proc` is for who was started with `--allow-all`; every single permission does not do. */
function mayNotRead(error: unknown): boolean {
  return error instanceof Deno.errors.NotCapable;
}

/** Asks a process to end, then makes it; returns when it has. */
export async function endProcess(pid: number, graceMs = 5_000): Promise<void> {
  for (const [signal, waitMs] of [["SIGTERM", graceMs], ["SIGKILL", 2_000]] as const) {
    try {
      Deno.kill(pid, signal);
    } catch {
      return; // Gone already.
    }
    const until = Date.now() + waitMs;
    while (Date.now() < until) {
      if (!isAlive(pid)) return;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
