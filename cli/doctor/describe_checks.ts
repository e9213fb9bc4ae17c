/**
 * The report of `authsome doctor` for a person: a line for each thing looked at, and under what does
 * not work the command that mends it.
 *
 * @module
 */
import type { CheckedConnection } from "../../core/api.ts";
import { showRef } from "../../core/connection.ts";
import { plainText } from "../plain_text.ts";
import { type Cell, formatTable } from "../table.ts";
import type { Voice } from "../voice.ts";
import { wrapText } from "../wrap_text.ts";
import { type Check, isSound } from "./check.ts";
import type { TriedRuntime } from "./try_runtimes.ts";

/** What is told. */
export interface Report {
  readonly checks: readonly Check[];
  readonly live: readonly CheckedConnection[] | null;
  readonly runtimes: readonly TriedRuntime[] | null;
}

/** The whole report. */
export function describeReport({ checks, live, runtimes }: Report, voice: Voice): string {
  const widest = Math.max(...checks.map(({ name }) => name.length));
  const parts = [checks.map((check) => describeCheck(check, widest, voice)).join("\n")];
  if (live !== null && live.length > 0) parts.push(liveTable(live, voice));
  if (runtimes !== null && runtimes.length > 0) parts.push(runtimesTable(runtimes, voice));
  return `${parts.join("\n\n")}\n\n${summary(checks, voice)}`;
}

function describeCheck(check: Check, widest: number, voice: Voice): string {
  const { name, detail, problems } = check;
  const { paint } = voice;
  const ok = isSound(check);
  const word = ok ? paint("green", "ok") : paint("red", "FAIL");
  const beside = ok && detail !== null ? `    ${paint("dim", plainText(detail))}` : "";
  const lines = [`${paint("dim", name.padEnd(widest))}  ${word}${beside}`];
  // What mends several is said once, below all of them.
  for (const [mend, mended] of Map.groupBy(problems, ({ mend }) => mend)) {
    for (const { severity, problem } of mended) {
      const tone = severity === "broken" ? "red" : "yellow";
      lines.push(`${paint(tone, wrapText(`  ${plainText(problem)}`, voice.columns, "  "))}`);
    }
    // Not wrapped: it is there to be copied.
    lines.push(...plainText(mend).split("\n").map((line) => `  ${paint("cyan", "→")} ${line}`));
  }
  return lines.join("\n");
}

const TONES = { works: "green", unsure: "yellow", untried: "dim" } as const;

function liveTable(live: readonly CheckedConnection[], { columns, paint }: Voice): string {
  return formatTable(
    {
      head: ["Connection", "Provider says", "Asked"],
      rows: live.map((result): Cell[] => [
        { text: showRef(result) },
        {
          text: result.outcome,
          tone: Object.hasOwn(TONES, result.outcome)
            ? TONES[result.outcome as keyof typeof TONES]
            : "red",
        },
        { text: result.host ?? result.problem ?? "", tone: "dim" },
      ]),
    },
    columns,
    paint,
  );
}

function runtimesTable(runtimes: readonly TriedRuntime[], { columns, paint }: Voice): string {
  return formatTable(
    {
      head: ["Program", "Behind the proxy"],
      // Two programs may differ in their last letters alone: blocks rather than shortened names.
      whole: [0, 1],
      rows: runtimes.map(({ name, outcome }): Cell[] => [
        { text: name },
        { text: outcome, tone: outcome === "works" ? "green" : "red" },
      ]),
    },
    columns,
    paint,
  );
}

function summary(checks: readonly Check[], { paint }: Voice): string {
  const broken = checks.filter((check) => !isSound(check)).length;
  if (broken === 0) return paint("green", "All is well");
  return paint("red", `${broken} of ${checks.length} checks failed`);
}
