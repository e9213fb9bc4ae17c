/**
 * `deno task bench`: measures the command line, the daemon, the vault and the proxy, each against
 * something that does the same job another way, in one run on one machine.
 *
 * `--write` puts the table into `docs/benchmarks.md` and the README. Names of groups as arguments
 * (`deno task bench vault run`) measure those alone.
 *
 * @module
 */
import { say, showDuration } from "../tests/support/narrator.ts";
import type { BenchRow } from "./bench_row.ts";
import { commandsChart } from "./commands.ts";
import { GROUPS, measureGroup } from "./groups.ts";
import { describeMachine, renderTable, replaceBetweenMarkers } from "./report.ts";

/** Milliseconds of the commands, for the README. */
const CHART = new URL("../docs/images/command-speed.svg", import.meta.url);

const [PAGE, README] = ["docs/benchmarks.md", "README.md"].map((path) =>
  new URL(`../${path}`, import.meta.url)
) as [URL, URL];

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  const write = args.includes("--write");
  const wanted = args.filter((arg) => arg !== "--write");
  const unknown = wanted.find((name) => !Object.hasOwn(GROUPS, name));
  if (unknown !== undefined || (write && wanted.length > 0)) {
    say(`Cannot measure ${unknown ?? "a part"}: --write takes all groups, and they are called`);
    say(`  ${Object.keys(GROUPS).join(" ")}`);
    return 2;
  }
  const rows: BenchRow[] = [];
  for (const name of Object.keys(GROUPS)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    say(`Measuring ${name} …`);
    const started = performance.now();
    rows.push(...await measureGroup(name));
    say(`  took ${showDuration(performance.now() - started)}`);
  }
  const where = `${describeMachine()}. Command: \`deno task bench\`.`;
  const table = `${renderTable(rows)}\n\n${where}`;
  say(`\n${table}`);
  if (write) {
    const headlines = renderTable(rows.filter(({ isHeadline }) => isHeadline === true));
    for (const [file, text] of [[PAGE, table], [README, `${headlines}\n\n${where}`]] as const) {
      await Deno.writeTextFile(file, replaceBetweenMarkers(await Deno.readTextFile(file), text));
    }
    const chart = commandsChart(rows);
    if (chart !== null) await Deno.writeTextFile(CHART, chart);
    await new Deno.Command(Deno.execPath(), {
      args: ["fmt", "--quiet", PAGE.pathname, README.pathname],
    }).output();
    say("\nWrote docs/benchmarks.md and README.md.");
  }
  return 0;
}
