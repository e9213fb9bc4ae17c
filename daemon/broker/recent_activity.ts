/**
 * What the audit log says of the last days, in numbers: requests a day, and what each run used.
 *
 * Counted once and then only what is new: a page asks each time it is shown. The newest lines are
 * counted while it waits; what is left of a long log is counted behind it, and the page says so.
 *
 * @module
 */
import type { AuditLine } from "../../core/audit_chain.ts";
import type { Broker } from "./broker.ts";

/** Days that are counted, today included. */
const DAYS = 14;
const DAY_MS = 24 * 60 * 60 * 1000;
/** Lines that a page waits for: some six milliseconds. */
const LINES_AT_ONCE = 2_000;
/** Runs whose use is remembered; the oldest are forgotten. */
const MOST_RUNS = 500;

/** One day. */
export interface ActivityDay {
  /** `2026-03-01`, UTC. */
  readonly date: string;
  /** Requests that went out with a credential. */
  readonly used: number;
  /** Requests that were refused. */
  readonly refused: number;
}

/** How often a run used a connection. */
export interface RunUse {
  /** `github/work`. */
  readonly connection: string;
  readonly requests: number;
}

interface Count {
  /** The daemon's count of credentials handed out. */
  resolved: number;
  /** The proxy's count of requests; it may use one answer for several. */
  used: number;
}

interface Day extends Count {
  refused: number;
}

interface Run {
  /** The newest line that was counted. */
  seq: number;
  readonly uses: Map<string, Count>;
}

type Surroundings = Pick<Broker, "auditTrail" | "background" | "now">;

/** The numbers of one daemon. */
export class RecentActivity {
  readonly #broker: Surroundings;
  readonly #days = new Map<string, Day>();
  readonly #runs = new Map<string, Run>();
  /** Sequence number of the newest line that was counted. */
  #last = 0;
  /** Readings of older lines that go on. */
  #unfinished = 0;
  /** Grows when everything is counted anew: what was begun before is of no use then. */
  #epoch = 0;
  #reading: Promise<void> = Promise.resolve();

  /** Nothing is read yet. */
  constructor(broker: Surroundings) {
    this.#broker = broker;
  }

  /** Whether older lines are still being counted: the numbers are too small until then. */
  get isCounting(): boolean {
    return this.#unfinished > 0;
  }

  /** Counts what was written since the last time. */
  async update(): Promise<void> {
    const reading = this.#reading.catch(() => {}).then(() => this.#read());
    this.#reading = reading;
    await reading;
  }

  /** The last days, oldest first, with those on which nothing happened. */
  days(): readonly ActivityDay[] {
    const today = this.#broker.now().getTime();
    return Array.from({ length: DAYS }, (_, index) => {
      const date = dateOf(today - (DAYS - 1 - index) * DAY_MS);
      const { resolved, used, refused } = this.#days.get(date) ?? NOTHING;
      return { date, used: Math.max(resolved, used), refused };
    });
  }

  /** What a run used, the most used first. */
  usesOf(run: string): readonly RunUse[] {
    return [...this.#runs.get(run)?.uses ?? []]
      .map(([connection, { resolved, used }]) => ({
        connection,
        requests: Math.max(resolved, used),
      }))
      .sort((a, b) => b.requests - a.requests);
  }

  async #read(): Promise<void> {
    const since = this.#broker.now().getTime() - DAYS * DAY_MS;
    const until = this.#last;
    const isWanted = ({ seq, timestamp }: AuditLine) =>
      seq > until && Date.parse(timestamp) >= since;
    const lines = takeWhile(this.#broker.auditTrail.newest(), isWanted);
    const fresh: AuditLine[] = [];
    let isEnd = false;
    while (!isEnd && fresh.length < LINES_AT_ONCE) {
      const { value, done } = await lines.next();
      if (done) isEnd = true;
      else fresh.push(value);
    }
    for (const line of fresh) this.#count(line);
    this.#last = fresh[0]?.seq ?? this.#last;
    if (!isEnd) this.#countBehind(lines);
    this.#forget(since);
  }

  /** Goes on without anybody waiting. What cannot be read to its end is counted from the start again. */
  #countBehind(lines: AsyncGenerator<AuditLine>): void {
    this.#unfinished++;
    const epoch = this.#epoch;
    this.#broker.background(async (signal) => {
      try {
        for await (const line of lines) {
          if (signal.aborted || epoch !== this.#epoch) return;
          this.#count(line);
        }
      } catch (error) {
        this.#days.clear();
        this.#runs.clear();
        this.#last = 0;
        this.#epoch++;
        throw error;
      } finally {
        this.#unfinished--;
      }
    });
  }

  #count({ seq, event, timestamp, provider, connection, run, details }: AuditLine): void {
    const kind = KINDS[event];
    if (kind === undefined) return;
    const count = typeof details?.["count"] === "number" ? details["count"] : 1;
    const date = dateOf(Date.parse(timestamp));
    const day = this.#days.get(date) ?? { ...NOTHING };
    day[kind] += count;
    this.#days.set(date, day);
    if (!run || !provider || kind === "refused") return;
    const kept = this.#runs.get(run) ?? { seq, uses: new Map<string, Count>() };
    kept.seq = Math.max(kept.seq, seq);
    const name = connection ? `${provider}/${connection}` : provider;
    const use = kept.uses.get(name) ?? { resolved: 0, used: 0 };
    use[kind] += count;
    kept.uses.set(name, use);
    this.#runs.set(run, kept);
    if (this.#runs.size > 2 * MOST_RUNS) this.#forgetRuns();
  }

  #forget(since: number): void {
    const oldest = dateOf(since);
    for (const date of this.#days.keys()) if (date < oldest) this.#days.delete(date);
    if (this.#runs.size > MOST_RUNS) this.#forgetRuns();
  }

  #forgetRuns(): void {
    const newestFirst = [...this.#runs].sort(([, a], [, b]) => b.seq - a.seq);
    for (const [run] of newestFirst.slice(MOST_RUNS)) this.#runs.delete(run);
  }
}

const NOTHING: Day = { resolved: 0, used: 0, refused: 0 };

const KINDS: Readonly<Partial<Record<string, keyof Day>>> = {
  resolve: "resolved",
  use: "used",
  proxy_deny: "refused",
  proxy_no_credentials: "refused",
};

/** The lines up to the first that is not wanted. */
async function* takeWhile(
  lines: AsyncIterable<AuditLine>,
  isWanted: (line: AuditLine) => boolean,
): AsyncGenerator<AuditLine> {
  for await (const line of lines) {
    if (!isWanted(line)) return;
    yield line;
  }
}

function dateOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
