/**
 * What a soak came to, for people, and whether it passed.
 *
 * @module
 */
import type { SoakResult } from "./soak.ts";

/** Memory may grow by so much between the second and the last third. */
const MAX_GROWTH = 1.1;

/** Whether nothing was wrong. */
export function isPassed(result: SoakResult): boolean {
  return problems(result).length === 0;
}

/** The result as Markdown. */
export function renderSoak(result: SoakResult): string {
  const { tallies, durationMs, changes, kills, wrong, missing, memory } = result;
  const rows = [...tallies].map(([kind, { done, refused, failed }]) =>
    `| ${kind} | ${done} | ${refused} | ${failed} |`
  );
  const sum = [...tallies.values()].reduce((total, { done }) => total + done, 0);
  const found = problems(result);
  return [
    "| traffic | done | refused while the daemon was away | failed |",
    "| --- | ---: | ---: | ---: |",
    ...rows,
    "",
    `${sum} requests in ${(durationMs / 60_000).toFixed(1)} min; the key changed ${changes} ` +
    `times, the daemon killed ${kills} times. Wrong credentials: ${wrong}, missing: ${missing}.`,
    "",
    `Memory of the run: ${memory.middle.toFixed(0)} MB in the second third of the time, ` +
    `${memory.end.toFixed(0)} MB in the last (${growth(result).toFixed(2)} ×), ` +
    `${memory.peak.toFixed(0)} MB at most.`,
    "",
    found.length === 0
      ? "Nothing was left behind. Passed."
      : `**Not passed**: ${found.join("; ")}.`,
  ].join("\n");
}

function problems(result: SoakResult): string[] {
  const failed = [...result.tallies.values()].reduce((total, tally) => total + tally.failed, 0);
  return [
    ...(result.wrong > 0 ? [`${result.wrong} wrong credentials`] : []),
    ...(result.missing > 0 ? [`${result.missing} missing credentials`] : []),
    ...(failed > 0 ? [`${failed} requests failed`] : []),
    ...(growth(result) > MAX_GROWTH ? ["memory grew"] : []),
    ...result.leftovers.map((leftover) => `left behind: ${leftover}`),
    ...new Set(result.complaints),
  ];
}

function growth({ memory }: SoakResult): number {
  return memory.end / memory.middle;
}
