/**
 * A bar chart as SVG: bars to one scale, in groups, readable on a light page and on a dark one.
 *
 * @module
 */

/** One bar. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  /** Written behind it. */
  readonly shown: string;
  /** Ours stands out. */
  readonly isOurs: boolean;
}

/** Bars under a title. */
export interface BarGroup {
  readonly title: string;
  readonly bars: readonly Bar[];
}

const [WIDTH, LEFT, RIGHT, BAR, GAP, GROUP, TITLE] = [760, 150, 110, 16, 4, 18, 24];

const STYLE = "text{font:13px system-ui,sans-serif;fill:#444}.title{font-weight:600}" +
  ".end{text-anchor:end}.ours{fill:#0b7a75}.other{fill:#9aa5b1}" +
  "@media(prefers-color-scheme:dark){text{fill:#ccc}.ours{fill:#2fb5ae}}";

/** Draws `groups`; `label` is what a screen reader says. */
export function barChart(label: string, groups: readonly BarGroup[]): string {
  const most = Math.max(...groups.flatMap(({ bars }) => bars.map(({ value }) => value)));
  const scale = (WIDTH - LEFT - RIGHT) / most;
  const parts: string[] = [];
  let y = 0;
  for (const { title, bars } of groups) {
    parts.push(text(0, y + 14, title, "title"));
    y += TITLE;
    for (const { label, value, shown, isOurs } of bars) {
      const width = Math.max(1, Math.round(value * scale));
      const kind = isOurs ? "ours" : "other";
      parts.push(
        text(LEFT - 8, y + 12, label, "end"),
        `<rect class="${kind}" x="${LEFT}" y="${y}" width="${width}" height="${BAR}"/>`,
        text(LEFT + width + 6, y + 12, shown, "value"),
      );
      y += BAR + GAP;
    }
    y += GROUP;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y - GROUP}" role="img" ` +
    `aria-label="${escape(label)}">\n<style>${STYLE}</style>\n${parts.join("\n")}\n</svg>\n`;
}

function text(x: number, y: number, words: string, kind: string): string {
  return `<text class="${kind}" x="${x}" y="${y}">${escape(words)}</text>`;
}

function escape(words: string): string {
  return words.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
