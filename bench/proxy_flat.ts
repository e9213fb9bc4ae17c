/**
 * One very large body each way through `authsome run`, and what the memory of the run does meanwhile.
 *
 * @module
 */
import { runLoad } from "./proxy_load.ts";
import { GO_HOST, type Stage } from "./proxy_stage.ts";
import { residentMegabytes } from "./resident_memory.ts";

const LOOK_EVERY_MS = 250;
const WARM_UP_BYTES = 256 * 1024 * 1024;

/** Sends bodies of `gibibytes`; the growth is counted from what a smaller one has left. */
export async function measureFlat(
  stage: Stage,
  gibibytes: number,
  say: (line: string) => void,
): Promise<void> {
  const run = await stage.startRun("authsome");
  const send = (mode: string, bytes: number) =>
    runLoad(stage.program, run, [
      `-host=${GO_HOST}`,
      `-mode=${mode}`,
      "-n=1",
      "-warm=0s",
      "-d=1h",
      `-size=${bytes}`,
    ]);
  for (const mode of ["body", "upload"]) {
    await send(mode, WARM_UP_BYTES);
    const before = residentMegabytes(run.pid);
    let peak = before;
    const timer = setInterval(() => {
      peak = Math.max(peak, residentMegabytes(run.pid));
    }, LOOK_EVERY_MS);
    const { megabytes = NaN } = await send(mode, gibibytes * 2 ** 30);
    clearInterval(timer);
    say(
      `${mode === "body" ? "download" : "upload"} of ${gibibytes} GiB: ` +
        `${megabytes.toFixed(0)} MB/s, memory ${before.toFixed(0)} MB before, ` +
        `${peak.toFixed(0)} MB at most, ${residentMegabytes(run.pid).toFixed(0)} MB after`,
    );
  }
}
