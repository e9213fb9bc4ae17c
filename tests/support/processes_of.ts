/**
 * Which processes belong to a directory: those that name it on their command line or work in it. How
 * a test, and the clean-up of `deno task try`, see that nothing was left running.
 *
 * @module
 */

/** Ids of such processes, this one left out. Empty where there is no /proc to look at. */
export function processesOf(directory: string): number[] {
  if (Deno.build.os !== "linux") return [];
  const found: number[] = [];
  for (const { name } of Deno.readDirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === Deno.pid) continue;
    try {
      const commandLine = Deno.readTextFileSync(`/proc/${pid}/cmdline`);
      const workingDirectory = Deno.readLinkSync(`/proc/${pid}/cwd`);
      if (commandLine.includes(directory) || workingDirectory.startsWith(directory)) {
        found.push(pid);
      }
    } catch { /* ended meanwhile, or not ours to look at */ }
  }
  return found;
}
