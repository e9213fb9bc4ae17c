/**
 * Requests a second through each proxy as a picture for the README: bars to one scale, readable on a
 * light page and on a dark one.
 *
 * @module
 */
import { NAMES, type ProxyMeasurement } from "./proxy_rows.ts";
import { type ContestantId, SCENARIOS } from "./proxy_scenarios.ts";

const SHOWN = ["small1", "small16", "small64"] as const;
const BY: readonly ContestantId[] = ["ours", "go", "mitmdump"];
const [WIDTH, LEFT, RIGHT, BAR, GAP, GROUP, TITLE] = [760, 110, 90, 16, 4, 18, 24];

/** The chart; null where one of its bars is missing. */
export function proxyChart({ figures }: ProxyMeasurement): string | null {
  const rate = (scenario: typeof SHOWN[number], by: ContestantId): number =>
    figures.median(scenario, by, (result) => result.rate ?? NaN);
  const rates = SHOWN.flatMap((scenario) => BY.map((by) => rate(scenario, by)));
  if (rates.some(Number.isNaN)) return null;
  const scale = (WIDTH - LEFT - RIGHT) / Math.max(...rates);
  const parts: string[] = [];
  let y = 0;
  for (const scenario of SHOWN) {
    parts.push(text(0, y + 14, `${SCENARIOS[scenario].name}: requests a second`, "title"));
    y += TITLE;
    for (const by of BY) {
      const value = rate(scenario, by);
      const width = Math.max(1, Math.round(value * scale));
      parts.push(
        text(LEFT - 8, y + 12, NAMES[by], "end"),
        `<rect class="${by}" x="${LEFT}" y="${y}" width="${width}" height="${BAR}"/>`,
        text(LEFT + width + 6, y + 12, Math.round(value).toLocaleString("en"), "value"),
      );
      y += BAR + GAP;
    }
    y += GROUP;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y - GROUP}" role="img" ` +
    `aria-label="Requests a second through authsome, a Go proxy and mitmdump">
<style>${STYLE}</style>
${parts.join("\n")}
</svg>
`;
}

const STYLE = "text{font:13px system-ui,sans-serif;fill:#444}.title{font-weight:600}" +
  ".end{text-anchor:end}.ours{fill:#0b7a75}.go{fill:#9aa5b1}.mitmdump{fill:#c9b79c}" +
  "@media(prefers-color-scheme:dark){text{fill:#ccc}.ours{fill:#2fb5ae}}";

function text(x: number, y: number, words: string, kind: string): string {
  return `<text class="${kind}" x="${x}" y="${y}">${words}</text>`;
}
