/**
 * Requests a second through each proxy as a picture for the README.
 *
 * @module
 */
import { barChart } from "./bar_chart.ts";
import { NAMES, type ProxyMeasurement } from "./proxy_rows.ts";
import { type ContestantId, SCENARIOS } from "./proxy_scenarios.ts";

const SHOWN = ["small1", "small16", "small64"] as const;
const BY: readonly ContestantId[] = ["ours", "go", "mitmdump"];

/** The chart; null where one of its bars is missing. */
export function proxyChart({ figures }: ProxyMeasurement): string | null {
  const groups = SHOWN.map((scenario) => ({
    title: `${SCENARIOS[scenario].name}: requests a second`,
    bars: BY.map((by) => {
      const value = figures.median(scenario, by, (result) => result.rate ?? NaN);
      const shown = Math.round(value).toLocaleString("en");
      return { label: NAMES[by], value, shown, isOurs: by === "ours" };
    }),
  }));
  if (groups.some(({ bars }) => bars.some(({ value }) => Number.isNaN(value)))) return null;
  return barChart("Requests a second through authsome, a Go proxy and mitmdump", groups);
}
