/**
 * What `deno task bench_proxy` says: what was promised, every figure with its p99, and a chart.
 *
 * @module
 */
import type { LoadResult } from "./proxy_load.ts";
import { proxyChart } from "./proxy_chart.ts";
import { floorRows } from "./proxy_floor.ts";
import { milliseconds, NAMES, type ProxyMeasurement, proxyRows, UNITS } from "./proxy_rows.ts";
import { SCENARIOS } from "./proxy_scenarios.ts";
import { describeMachine, renderTable, replaceBetweenMarkers } from "./report.ts";

const MARKERS = {
  begin: "<!-- bench_proxy:begin (written by: deno task bench_proxy --write) -->",
  end: "<!-- bench_proxy:end -->",
};
const PAGE = new URL("../docs/benchmarks.md", import.meta.url);
const README = new URL("../README.md", import.meta.url);
const CHART = new URL("../docs/images/proxy-speed.svg", import.meta.url);

/** Text for people, and the chart. */
export interface ProxyReport {
  readonly text: string;
  /** What was promised, alone. */
  readonly summary: string;
  /** SVG; null when not everything that it shows was measured. */
  readonly chart: string | null;
}

/** Makes it. */
export function proxyReport(measurement: ProxyMeasurement): ProxyReport {
  const promised = renderTable(proxyRows(measurement));
  const floor = renderTable(floorRows(measurement));
  const machine = `${describeMachine()}; the server is ${SERVERS[measurement.server]}; ` +
    `medians of ${measurement.rounds} rounds. ` +
    "Command: `deno task bench_proxy`.";
  return {
    text: [promised, FLOOR, floor, renderFigures(measurement), machine].join("\n\n"),
    summary: [promised, machine].join("\n\n"),
    chart: proxyChart(measurement),
  };
}

/** Puts it into the documentation. */
export async function writeProxyReport({ text, summary, chart }: ProxyReport): Promise<void> {
  const picture = chart === null ? "" : `${PICTURE}\n\n`;
  const introduction = "The proxy of `authsome run` beside a plain Go proxy and mitmdump:\n\n";
  if (chart !== null) await Deno.writeTextFile(CHART, chart);
  for (
    const [file, content] of [[PAGE, text], [README, introduction + picture + summary]] as const
  ) {
    await Deno.writeTextFile(
      file,
      replaceBetweenMarkers(await Deno.readTextFile(file), content, MARKERS),
    );
  }
  await new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--quiet", PAGE.pathname, README.pathname],
  }).output();
}

const FLOOR = "The same figures of a relay in this runtime that only copies bytes " +
  "(`bench/bare_relay.ts`; for idle memory `bench/bare_run.ts`), in the same run:";

const SERVERS = { nginx: "nginx", Go: "a program in Go, because nginx is not installed" };

const PICTURE = "![Requests a second through authsome, a Go proxy and mitmdump]" +
  "(docs/images/proxy-speed.svg)";

/** Every scenario and contestant. */
function renderFigures({ figures, scenarios }: ProxyMeasurement): string {
  const lines = [
    "| | by | median | p50 | p99 | processor |",
    "| --- | --- | ---: | ---: | ---: | ---: |",
  ];
  for (const id of scenarios) {
    const { name, by, shows } = SCENARIOS[id];
    for (const contestant of by.filter((one) => figures.has(id, one))) {
      const of = (pick: (result: LoadResult) => number) => figures.median(id, contestant, pick);
      const cells = [
        contestant === by[0] ? name : "",
        NAMES[contestant],
        shows === "p50"
          ? ""
          : `${Math.round(of((result) => result[shows] ?? NaN)).toLocaleString("en")} ${
            UNITS[shows]
          }`,
        milliseconds(of((result) => result.p50)),
        milliseconds(of((result) => result.p99)),
        contestant === "direct" ? "" : microseconds(of((result) => result.processor ?? NaN)),
      ];
      lines.push(`| ${cells.join(" | ")} |`);
    }
  }
  return lines.join("\n");
}

function microseconds(value: number): string {
  return Number.isNaN(value) ? "" : `${Math.round(value).toLocaleString("en")} µs`;
}
