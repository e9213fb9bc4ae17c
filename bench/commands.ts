/**
 * How long the commands that a person types most take, from the shell's point of view: against a Deno
 * script that does nothing, and against the Python original doing the same.
 *
 * @module
 */
import { TemporaryHome } from "../tests/support/temporary_home.ts";
import { barChart, type BarGroup } from "./bar_chart.ts";
import type { BenchRow } from "./bench_row.ts";
import { runDenoScript } from "./deno_script.ts";
import { measureInterleaved } from "./measure.ts";
import { openOriginal, type Original } from "./original.ts";

const ROUNDS = 40;
/** The original takes a second for each. */
const ORIGINAL_ROUNDS = 5;

/** What the command line costs before it does anything. */
const START: Partial<BenchRow> = {
  bound: { of: "ratio", side: "at most", limit: 1.3 },
  isHeadline: true,
};

/** Our arguments, the original's for the same, and what was promised beside an empty script. */
const COMMANDS: readonly {
  readonly ours: readonly string[];
  readonly theirs: readonly string[];
  readonly promised?: Partial<BenchRow>;
}[] = [
  { ours: ["--version"], theirs: ["--version"], promised: START },
  { ours: ["--help"], theirs: ["--help"] },
  { ours: ["list"], theirs: ["provider", "list"] },
  { ours: ["list", "--json"], theirs: ["provider", "list"] },
  { ours: ["whoami"], theirs: ["whoami"] },
  { ours: ["run", "--", "true"], theirs: ["run", "--", "true"] },
];

/** The rows of this file. */
export async function benchCommands(): Promise<BenchRow[]> {
  const home = await TemporaryHome.create();
  const empty = await Deno.makeTempFile({ prefix: "authsome-bench-", suffix: ".ts" });
  let original: Original | null = null;
  try {
    original = await openOriginal();
    const rows: BenchRow[] = [];
    for (const { ours, theirs, promised } of COMMANDS) {
      const name = `authsome ${ours.join(" ")}`;
      const { command, script } = await measureInterleaved({
        script: () => runDenoScript(empty),
        command: () => authsome(home, ours),
      }, ROUNDS);
      const against = { name: "an empty Deno script", value: script };
      rows.push({
        name,
        value: command,
        unit: "ms",
        against,
        note: `${ROUNDS} rounds`,
        ...promised,
      });
      if (original !== null) rows.push(await besideOriginal(original, home, name, ours, theirs));
    }
    return rows;
  } finally {
    await original?.remove();
    await home.remove();
    await Deno.remove(empty);
  }
}

/**
 * The rows as a chart for the README: ours, the original's where it was measured, and an empty script.
 * null where the original was not there.
 */
export function commandsChart(rows: readonly BenchRow[]): string | null {
  const groups = COMMANDS.flatMap(({ ours }): BarGroup[] => {
    const name = `authsome ${ours.join(" ")}`;
    const own = rows.find((row) => row.name === name);
    const beside = rows.find((row) => row.name === `${name}, beside the original`);
    if (own?.against === undefined || beside?.against === undefined) return [];
    const bar = (label: string, value: number, isOurs = false) => ({
      label,
      value,
      shown: `${Math.round(value).toLocaleString("en")} ms`,
      isOurs,
    });
    return [{
      title: name,
      bars: [
        bar("authsome", own.value, true),
        bar("Python original", beside.against.value),
        bar("empty script", own.against.value),
      ],
    }];
  });
  if (groups.length < COMMANDS.length) return null;
  return barChart("Milliseconds that commands take", groups);
}

async function besideOriginal(
  original: Original,
  home: TemporaryHome,
  name: string,
  ours: readonly string[],
  theirs: readonly string[],
): Promise<BenchRow> {
  const { command, python } = await measureInterleaved({
    python: () => original.run(theirs),
    command: () => authsome(home, ours),
  }, ORIGINAL_ROUNDS);
  return {
    name: `${name}, beside the original`,
    value: command,
    unit: "ms",
    against: { name: `the Python original's ${theirs.join(" ")}`, value: python },
    bound: { of: "ratio", side: "at most", limit: 0.1 },
    isHeadline: true,
    note: `${ORIGINAL_ROUNDS} rounds`,
  };
}

async function authsome(home: TemporaryHome, args: readonly string[]): Promise<void> {
  const { code, stderr } = await home.authsome(args);
  if (code !== 0) throw new Error(`authsome ${args.join(" ")} ended with ${code}: ${stderr}`);
}
