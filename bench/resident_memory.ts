/**
 * Memory and processor time of a process as the system counts them.
 *
 * @module
 */

/** Resident set in megabytes (10⁶ bytes); NaN where there is neither /proc nor ps. */
export function residentMegabytes(pid: number): number {
  if (Deno.build.os === "linux") {
    const status = Deno.readTextFileSync(`/proc/${pid}/status`);
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024 / 1e6;
  }
  if (Deno.build.os === "windows") return NaN;
  const { stdout } = new Deno.Command("/bin/ps", { args: ["-o", "rss=", "-p", String(pid)] })
    .outputSync();
  return Number(new TextDecoder().decode(stdout)) * 1024 / 1e6;
}

/**
 * Proportional set in megabytes: of a page that several processes share, each counts its part. NaN
 * where the system does not tell.
 */
export function proportionalMegabytes(pid: number): number {
  if (Deno.build.os !== "linux") return NaN;
  const rollup = Deno.readTextFileSync(`/proc/${pid}/smaps_rollup`);
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1]) * 1024 / 1e6;
}

/** User and system time of all of its threads; NaN where there is no /proc. */
export function processorSeconds(pid: number): number {
  if (Deno.build.os !== "linux") return NaN;
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).replace(/^.*\) /s, "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** USER_HZ, which is 100 on every architecture that Deno runs on. */
const TICKS_PER_SECOND = 100;
