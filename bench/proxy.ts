/**
 * `deno task bench_proxy`: the proxy of `authsome run` beside a direct connection, a plain Go
 * `net/http` proxy and mitmdump, in one run.
 *
 * What the runtime itself can do is measured beside it: `bare_relay.ts`.
 *
 * The proxy is a real one: `authsome run` with a real daemon, which resolves the credential. The
 * server answers 401 to a request without it, and one such answer ends the bench. Client, proxy and
 * server share the machine.
 *
 * Names of scenarios as arguments measure those alone; `--rounds N`, `--seconds N`. `--write` puts
 * the tables into `docs/benchmarks.md`, and what was promised with a chart into the README. `--flat GIB` sends bodies of that
 * size instead and watches the memory.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { say } from "../tests/support/narrator.ts";
import { measureFlat } from "./proxy_flat.ts";
import { type Contestants, measureRounds } from "./proxy_figures.ts";
import { measureIdleMemory, measureMemory } from "./proxy_memory.ts";
import { findGo } from "./proxy_programs.ts";
import { proxyReport, writeProxyReport } from "./proxy_report.ts";
import { type ContestantId, type ScenarioId, SCENARIOS } from "./proxy_scenarios.ts";
import { type Contestant, openStage, type Stage } from "./proxy_stage.ts";

const IDS = Object.keys(SCENARIOS) as ScenarioId[];

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: "7" },
      seconds: { type: "string", default: "1" },
      flat: { type: "string" },
      write: { type: "boolean", default: false },
    },
  });
  const unknown = positionals.find((name) => !IDS.includes(name as ScenarioId));
  if (unknown !== undefined || (values.write && positionals.length > 0)) {
    say(`Cannot measure ${unknown ?? "a part"}: --write takes all scenarios, and they are called`);
    say(`  ${IDS.join(" ")}`);
    return 2;
  }
  const go = findGo();
  if (go === null) {
    say("Not measured: no go here (the client and the server of this bench are Go programs).");
    return 0;
  }
  const stage = await openStage(go);
  try {
    if (values.flat !== undefined) {
      await measureFlat(stage, Number(values.flat), say);
      return 0;
    }
    const scenarios = positionals.length > 0 ? positionals as ScenarioId[] : IDS;
    const contestants = await start(stage, scenarios);
    const idle = await measureIdleMemory(stage, contestants);
    const figures = await measureRounds(stage, contestants, {
      scenarios,
      rounds: Number(values.rounds),
      seconds: Number(values.seconds),
      say,
    });
    const memory = await measureMemory(stage, contestants, idle, positionals.length === 0);
    const report = proxyReport({
      figures,
      memory,
      scenarios,
      rounds: Number(values.rounds),
      server: stage.server,
    });
    say(`\n${report.text}`);
    if (values.write) await writeProxyReport(report);
    return 0;
  } finally {
    await stage.close();
  }
}

async function start(stage: Stage, scenarios: readonly ScenarioId[]): Promise<Contestants> {
  const needed = new Set<ContestantId>(scenarios.flatMap((id) => [...SCENARIOS[id].by]));
  const asking = new URL("asking_every_time.ts", import.meta.url).pathname;
  const starting: Record<ContestantId, () => Promise<Contestant | null>> = {
    direct: () => Promise.resolve(stage.direct),
    ours: () => stage.startRun("authsome"),
    asking: () => stage.startRun("authsome, asking for every request", asking),
    bare: () => stage.startBare("intercept"),
    bareAsking: () => stage.startBare("ask"),
    bareAskingFirst: () => stage.startBare("ask_first"),
    bareTunnel: () => stage.startBare("tunnel"),
    bareRun: () => stage.startBareRun(),
    go: () => stage.startGo(),
    mitmdump: () => stage.startMitmdump(),
  };
  const started = new Map<ContestantId, Contestant>();
  for (const id of needed) {
    const contestant = await starting[id]();
    if (contestant !== null) started.set(id, contestant);
  }
  return started;
}
