/**
 * The requests of the last days as bars, with the same numbers as a table for those who cannot see
 * them.
 *
 * @module
 */
import type { Child } from "@hono/hono/jsx";
import type { ActivityDay } from "../broker/recent_activity.ts";

const BAR = 18;
const GAP = 8;
const HEIGHT = 96;
const BASE = HEIGHT + 4;

/** The chart. */
export function ActivityChart({ days }: { readonly days: readonly ActivityDay[] }): Child {
  const most = Math.max(1, ...days.map(({ used, refused }) => used + refused));
  const width = days.length * (BAR + GAP) - GAP;
  const total = days.reduce((sum, { used }) => sum + used, 0);
  return (
    <figure class="chart">
      <svg
        viewBox={`0 0 ${width} ${BASE + 20}`}
        role="img"
        aria-label={`${total} requests with a credential in the last ${days.length} days`}
      >
        <line class="axis" x1="0" y1={BASE} x2={width} y2={BASE} />
        {days.map((day, index) => <Bar day={day} index={index} most={most} />)}
      </svg>
      <figcaption>
        <span class="key used">requests with a credential</span>
        <span class="key refused">refused</span>
      </figcaption>
      <details>
        <summary>As a table</summary>
        <table>
          <thead>
            <tr>
              <th scope="col">Day</th>
              <th scope="col">Requests</th>
              <th scope="col">Refused</th>
            </tr>
          </thead>
          <tbody>
            {days.map(({ date, used, refused }) => (
              <tr>
                <th scope="row">{date}</th>
                <td>{used}</td>
                <td>{refused}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}

function Bar(
  { day: { date, used, refused }, index, most }: { day: ActivityDay; index: number; most: number },
): Child {
  const x = index * (BAR + GAP);
  const usedHeight = heightOf(used, most);
  const refusedHeight = heightOf(refused, most);
  return (
    <g>
      <title>{`${date}: ${used} requests, ${refused} refused`}</title>
      <rect class="ground" x={x} y={BASE - HEIGHT} width={BAR} height={HEIGHT} rx="4" />
      <rect class="used" x={x} y={BASE - usedHeight} width={BAR} height={usedHeight} rx="4" />
      <rect
        class="refused"
        x={x}
        y={BASE - usedHeight - refusedHeight}
        width={BAR}
        height={refusedHeight}
        rx="4"
      />
      <text x={x + BAR / 2} y={BASE + 15} text-anchor="middle">{Number(date.slice(8))}</text>
    </g>
  );
}

/** One request is seen, too. */
function heightOf(count: number, most: number): number {
  return count === 0 ? 0 : Math.max(3, Math.round((count / most) * (HEIGHT - 6)));
}
