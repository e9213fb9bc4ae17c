/**
 * What the audit log says of the last days, in numbers: requests a day, and what each run used.
 *
 * Counted once and then only what is new: the log may be long, and a page asks each time it is shown.
 *
 * @module
 */
import type { AuditLine } from "../../core/audit_chain.ts";
import type { Broker } from "./broker.ts";

/** Days that are counted, today included. */
const DAYS = 14;
const DAY_MS = 24 * 60 * 60 * 1000;
/** Lines of the first page: usually all that is new. */
const FIRST_PAGE = 200;
/** How much larger each further page is: every page reads the log from its end again. */
const GROWTH = 10;
/** Lines read at a time at most: of a longer log the oldest days are incomplete. */
const MOST_LINES = 20_000;
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

/** The numbers of one daemon. */
export class RecentActivity {
  readonly #broker: Pick<Broker, "auditTrail" | "now">;
  readonly #days = new Map<string, Day>();
  readonly #runs = new Map<string, Map<string, Count>>();
  #last = 0;
  #reading: Promise<void> = Promise.resolve();

  /** Nothing is read yet. */
  constructor(broker: Pick<Broker, "auditTrail" | "now">) {
    this.#broker = broker;
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
    return [...this.#runs.get(run) ?? []]
      .map(([connection, { resolved, used }]) => ({
        connection,
        requests: Math.max(resolved, used),
      }))
      .sort((a, b) => b.requests - a.requests);
  }

  async #read(): Promise<void> {
    const since = this.#broker.now().getTime() - DAYS * DAY_MS;
    const fresh: AuditLine[] = [];
    let cursor: string | null = null;
    let limit = FIRST_PAGE;
    do {
      const page = await this.#broker.auditTrail.page({
        limit,
        ...(cursor === null ? {} : { cursor }),
      });
      const entries = page.entries.filter((line) =>
        line.seq > this.#last && Date.parse(line.timestamp) >= since
      );
      fresh.push(...entries);
      cursor = entries.length === page.entries.length ? page.next_cursor : null;
      limit *= GROWTH;
    } while (cursor !== null && fresh.length < MOST_LINES);
    for (const line of fresh.reverse()) this.#count(line);
    this.#last = fresh.at(-1)?.seq ?? this.#last;
    this.#forget(since);
  }

  #count({ event, timestamp, provider, connection, run, details }: AuditLine): void {
    const kind = KINDS[event];
    if (kind === undefined) return;
    const count = typeof details?.["count"] === "number" ? details["count"] : 1;
    const date = dateOf(Date.parse(timestamp));
    const day = this.#days.get(date) ?? { ...NOTHING };
    day[kind] += count;
    this.#days.set(date, day);
    if (!run || !provider || kind === "refused") return;
    const uses = this.#runs.get(run) ?? new Map<string, Count>();
    const name = connection ? `${provider}/${connection}` : provider;
    const use = uses.get(name) ?? { resolved: 0, used: 0 };
    use[kind] += count;
    uses.set(name, use);
    this.#runs.set(run, uses);
  }

  #forget(since: number): void {
    const oldest = dateOf(since);
    for (const date of this.#days.keys()) if (date < oldest) this.#days.delete(date);
    while (this.#runs.size > MOST_RUNS) this.#runs.delete(this.#runs.keys().next().value!);
  }
}

const NOTHING: Day = { resolved: 0, used: 0, refused: 0 };

const KINDS: Readonly<Partial<Record<string, keyof Day>>> = {
  resolve: "resolved",
  use: "used",
  proxy_deny: "refused",
  proxy_no_credentials: "refused",
};

function dateOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
