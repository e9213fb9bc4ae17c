/**
 * The figures of the proxy as rows of a table, with what was promised of them.
 *
 * @module
 */
import type { BenchBound, BenchRow } from "./bench_row.ts";
import type { Figures } from "./proxy_figures.ts";
import type { LoadResult } from "./proxy_load.ts";
import type { Memory } from "./proxy_memory.ts";
import { type ContestantId, type ScenarioId, SCENARIOS } from "./proxy_scenarios.ts";

/** How the contestants are called. */
export const NAMES: Readonly<Record<ContestantId, string>> = {
  direct: "direct",
  ours: "authsome",
  asking: "authsome, asking for every request",
  bare: "bare Deno relay",
  bareAsking: "bare Deno relay, asking for every request",
  bareAskingFirst: "bare Deno relay that asks for a new host",
  bareTunnel: "bare Deno relay",
  bareRun: "bare run",
  go: "Go net/http",
  mitmdump: "mitmdump",
};

/** What was measured in one run. */
export interface ProxyMeasurement {
  readonly figures: Figures;
  readonly memory: ReadonlyMap<ContestantId, Memory>;
  readonly scenarios: readonly ScenarioId[];
  readonly rounds: number;
  /** What answers most requests. */
  readonly server: "nginx" | "Go";
}

/** Ours, or something else, beside a third. */
export interface Comparison {
  readonly scenario: ScenarioId;
  readonly against: ContestantId;
  readonly bound?: BenchBound;
}

const atLeast = (limit: number): BenchBound => ({ of: "ratio", side: "at least", limit });
const atMost = (limit: number): BenchBound => ({ of: "ratio", side: "at most", limit });

/** What was promised or is worth a look. */
export const COMPARISONS: readonly Comparison[] = [
  { scenario: "small1", against: "mitmdump", bound: atLeast(15) },
  { scenario: "small16", against: "mitmdump", bound: atLeast(30) },
  { scenario: "small64", against: "mitmdump" },
  { scenario: "small1", against: "go", bound: atLeast(1) },
  { scenario: "small16", against: "go", bound: atLeast(1) },
  { scenario: "small64", against: "go", bound: atLeast(1) },
  { scenario: "download", against: "direct", bound: atLeast(0.5) },
  { scenario: "download", against: "go", bound: atLeast(0.8) },
  { scenario: "download8", against: "go" },
  { scenario: "upload", against: "go", bound: atLeast(0.8) },
  { scenario: "connection", against: "direct", bound: atMost(2) },
  { scenario: "tunnel16", against: "direct", bound: atLeast(0.6) },
  { scenario: "tunnel64", against: "direct", bound: atLeast(0.6) },
  { scenario: "tunnel16", against: "go" },
  { scenario: "tunnel64", against: "go" },
  { scenario: "http2", against: "go" },
  { scenario: "grpc", against: "go" },
];

/** A wait that was promised to be short, and what the bare runtime's part of it is. */
export interface Wait {
  readonly scenario: ScenarioId;
  readonly limitMs: number;
  readonly floor: ContestantId;
}

/** All of them. */
export const WAITS: readonly Wait[] = [
  { scenario: "resumed", limitMs: 1, floor: "bare" },
  // No credential is handed out for a new host before the daemon has that on disk.
  { scenario: "host", limitMs: 4, floor: "bareAskingFirst" },
  { scenario: "unnamed", limitMs: 4, floor: "bareAskingFirst" },
];

/** The rows of a run; those of what was left out are left out. */
export function proxyRows({ figures, memory }: ProxyMeasurement): BenchRow[] {
  return [
    ...COMPARISONS.filter(({ scenario, against }) =>
      figures.has(scenario, "ours") && figures.has(scenario, against)
    ).map((comparison) => comparisonRow(figures, comparison)),
    ...ADDED.flatMap((added) => addedRow(figures, added)),
    ...WAITS.flatMap(({ scenario, limitMs }) => waitRow(figures, scenario, limitMs)),
    ...memoryRows(memory),
  ];
}

/** One row of it. */
export function comparisonRow(
  figures: Figures,
  { scenario, against, bound }: Comparison,
  by: ContestantId = "ours",
): BenchRow {
  const { name, shows } = SCENARIOS[scenario];
  const of = (result: LoadResult): number => result[shows] ?? NaN;
  return {
    name,
    value: figures.median(scenario, by, of),
    unit: UNITS[shows],
    against: { name: NAMES[against], value: figures.median(scenario, against, of) },
    ratio: figures.medianOf(scenario, [by, against], (one, other) => of(one) / of(other)),
    ...(bound === undefined ? {} : { bound }),
    note: `p99 ${milliseconds(figures.median(scenario, by, p99))}, ` +
      `${NAMES[against]} ${milliseconds(figures.median(scenario, against, p99))}`,
  };
}

/** What an idle run was promised to hold at most. */
export const IDLE_MEGABYTES = 60;

/** Of what is shown. */
export const UNITS = { rate: "req/s", megabytes: "MB/s", p50: "ms" } as const;

/** What stands between a request and its answer, and what the bare runtime's part of it is. */
export const ADDED = [
  { by: "ours", floor: "bare", name: "p50 added to a request, change stream open", limitMs: 0.1 },
  {
    by: "asking",
    floor: "bareAsking",
    name: "p50 added to a request, the daemon asked every time",
    limitMs: 0.2,
  },
] as const;

/** One of them, by us or by something else. */
export function addedRow(
  figures: Figures,
  { by, name, limitMs }: {
    readonly by: ContestantId;
    readonly name: string;
    readonly limitMs: number;
  },
): BenchRow[] {
  if (!figures.has("small1", by)) return [];
  return [{
    name,
    value: figures.medianOf("small1", [by, "direct"], (a, b) => a.p50 - b.p50),
    unit: "ms",
    bound: { of: "value", side: "at most", limit: limitMs },
    note: `over ${milliseconds(figures.median("small1", "direct", p50))} without a proxy`,
  }];
}

/** One of them, by us or by something else. */
export function waitRow(
  figures: Figures,
  scenario: ScenarioId,
  limit: number,
  by: ContestantId = "ours",
): BenchRow[] {
  if (!figures.has(scenario, by)) return [];
  return [{
    name: SCENARIOS[scenario].name,
    value: figures.median(scenario, by, p50),
    unit: "ms",
    ...(figures.has(scenario, "go")
      ? { against: { name: NAMES.go, value: figures.median(scenario, "go", p50) } }
      : {}),
    bound: { of: "value", side: "at most", limit },
    note: `p99 ${milliseconds(figures.median(scenario, by, p99))}`,
  }];
}

/** Whose memory is shown beside ours. */
const BESIDE_OURS: readonly ContestantId[] = ["bareRun", "bare", "go", "mitmdump"];

function memoryRows(memory: ProxyMeasurement["memory"]): BenchRow[] {
  const ours = memory.get("ours");
  if (ours === undefined) return [];
  const others = (what: keyof Memory): string =>
    [...memory].filter(([id]) => BESIDE_OURS.includes(id))
      .filter(([, of]) => !Number.isNaN(of[what]))
      .map(([id, of]) => `${NAMES[id]} ${of[what].toFixed(0)} MB`).join(", ");
  const row = (name: string, what: keyof Memory, limit: number | null): BenchRow[] =>
    Number.isNaN(ours[what]) ? [] : [{
      name,
      value: ours[what],
      unit: "MB",
      ...(limit === null ? {} : { bound: { of: "value", side: "at most", limit } }),
      note: others(what),
    }];
  return [
    ...row("memory of a run, idle", "idle", IDLE_MEGABYTES),
    ...row("memory of a run, two seconds behind the whole load", "behindLoad", null),
    ...row("memory of a run, a quarter of a minute behind it", "afterLoad", 150),
    ...row("memory of a run, 1,000 connections open", "connected", 200),
  ];
}

const p50 = (result: LoadResult): number => result.p50;
const p99 = (result: LoadResult): number => result.p99;

/** A short wait in words. */
export function milliseconds(value: number): string {
  return `${value.toFixed(value < 1 ? 3 : value < 10 ? 2 : 1)} ms`;
}
