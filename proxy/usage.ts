/**
 * What the run did with its credentials, told to the daemon for its audit log: counts for each
 * connection, host, method and minute, and what was refused. Never a path, never a query.
 *
 * A request only makes a number in memory grow; the reports are sent every minute and at the end of
 * the run, and no request waits for them. While the daemon is away they are kept, up to a bound.
 *
 * @module
 */
import type { StatusClass, UsageReport } from "../core/api.ts";
import { utcTime } from "../core/utc_time.ts";
import type { DaemonAccess } from "./daemon_access.ts";
import type { Refusal } from "./fail_closed.ts";

/** The request that a credential is put on. */
export interface UsedCredential {
  readonly provider: string;
  readonly connection: string;
  readonly host: string;
  readonly method: string;
}

const MINUTE_MS = 60_000;
/** The daemon takes no more in one report. */
const MAX_ENTRIES = 200;
/** Kinds that are kept; what comes behind them is counted as one of any host and method. */
const MAX_KEPT = 2_000;
/** An agent that makes up hosts and methods must not hide behind them what it does. */
const ANY = { host: "*", method: "OTHER" };
/** The end of a run does not wait for a daemon that hangs. */
const LAST_REPORT_MS = 2_000;

interface Use extends UsedCredential {
  readonly minute: number;
  readonly statuses: Partial<Record<StatusClass, number>>;
}

interface Denial {
  readonly host: string;
  readonly reason: string;
  readonly minute: number;
  count: number;
}

/** Counts, and their way to the daemon. */
export class Usage {
  readonly #daemon: DaemonAccess;
  readonly #now: () => number;
  readonly #timer: ReturnType<typeof setInterval>;
  #uses = new Map<string, Use>();
  /** The one that was counted last: most requests are like the one before. */
  #last: Use | null = null;
  #denials = new Map<string, Denial>();
  #sending: Promise<void> | null = null;

  /** Begins to report. */
  constructor(daemon: DaemonAccess, now: () => number = () => Date.now()) {
    this.#daemon = daemon;
    this.#now = now;
    this.#timer = setInterval(() => void this.report(), MINUTE_MS);
    Deno.unrefTimer(this.#timer as unknown as number);
  }

  /** A server answered a request with a credential on it; null: it was sent, and nothing came. */
  answered(used: UsedCredential, status: number | null): void {
    const minute = Math.floor(this.#now() / MINUTE_MS);
    const method = METHOD.test(used.method) ? used.method : "OTHER";
    const last = this.#last;
    const use = last !== null && isSame(last, used, method, minute)
      ? last
      : this.#useOf(used, method, minute);
    this.#last = use;
    const kind = classOf(status);
    use.statuses[kind] = (use.statuses[kind] ?? 0) + 1;
  }

  #useOf(used: UsedCredential, method: string, minute: number): Use {
    const connection = `${used.provider}/${used.connection}`;
    const key = `${minute} ${connection} ${method} ${used.host}`;
    return entryOf(this.#uses, key, () => ({ ...used, method, minute, statuses: {} })) ??
      entryOf(this.#uses, connection, () => ({ ...used, ...ANY, minute, statuses: {} }), Infinity)!;
  }

  /** A request, or a tunnel, was refused here. That there was no credential the daemon knows itself. */
  refused(host: string, { status, error: reason }: Pick<Refusal, "status" | "error">): void {
    if (!DENIALS.has(status) || reason === "ProxyAuthenticationError") return;
    const minute = Math.floor(this.#now() / MINUTE_MS);
    this.#denialOf(host, reason, minute).count++;
  }

  #denialOf(host: string, reason: string, minute: number): Denial {
    const key = `${minute} ${reason} ${host}`;
    const of = (host: string) => () => ({ host, reason, minute, count: 0 });
    return entryOf(this.#denials, key, of(host)) ??
      entryOf(this.#denials, reason, of(ANY.host), Infinity)!;
  }

  /** Sends what there is; what the daemon does not take now is sent with the next report. Never rejects. */
  async report(signal?: AbortSignal): Promise<void> {
    await this.#sending;
    this.#sending = this.#sendAll(signal).finally(() => this.#sending = null);
    await this.#sending;
  }

  /** The last report. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.report(AbortSignal.timeout(LAST_REPORT_MS));
  }

  async #sendAll(signal: AbortSignal | undefined): Promise<void> {
    const [uses, denials] = [[...this.#uses], [...this.#denials]];
    // What comes while this is sent belongs to the next report, also in the same minute.
    [this.#uses, this.#denials, this.#last] = [new Map(), new Map(), null];
    while (uses.length > 0 || denials.length > 0) {
      const some = { uses: uses.slice(0, MAX_ENTRIES), denials: denials.slice(0, MAX_ENTRIES) };
      try {
        await this.#daemon.current.reportUsage(
          {
            uses: some.uses.map(([, use]) => withMinute(use)),
            denials: some.denials.map(([, denial]) => withMinute(denial)),
          } satisfies UsageReport,
          signal === undefined ? {} : { signal },
        );
      } catch {
        this.#keep(uses, denials);
        return;
      }
      uses.splice(0, MAX_ENTRIES);
      denials.splice(0, MAX_ENTRIES);
    }
  }

  /** Puts back what could not be sent, in front of what has come since. */
  #keep(uses: readonly [string, Use][], denials: readonly [string, Denial][]): void {
    const newer = { uses: this.#uses, denials: this.#denials };
    [this.#uses, this.#denials, this.#last] = [new Map(uses), new Map(denials), null];
    for (const use of newer.uses.values()) {
      const { statuses } = this.#useOf(use, use.method, use.minute);
      for (const [kind, count] of Object.entries(use.statuses) as [StatusClass, number][]) {
        statuses[kind] = (statuses[kind] ?? 0) + count;
      }
    }
    for (const { host, reason, minute, count } of newer.denials.values()) {
      this.#denialOf(host, reason, minute).count += count;
    }
  }
}

/** The entry of that key, made where there is none; undefined when there are `most`. */
function entryOf<T>(
  entries: Map<string, T>,
  key: string,
  make: () => T,
  most = MAX_KEPT,
): T | undefined {
  let entry = entries.get(key);
  if (entry === undefined && entries.size < most) entries.set(key, entry = make());
  return entry;
}

/** Not allowed: a host, a method, another authority, a wrong secret, what can be read in two ways. */
const DENIALS: ReadonlySet<number> = new Set([400, 403, 405, 407, 421, 431, 501]);
/** The daemon takes no other form in a report, and a report it does not take is lost to the log. */
const METHOD = /^[A-Z]{1,20}$/;

function isSame(use: Use, used: UsedCredential, method: string, minute: number): boolean {
  return use.minute === minute && use.method === method && use.host === used.host &&
    use.provider === used.provider && use.connection === used.connection;
}

function classOf(status: number | null): StatusClass {
  if (status === null) return "none";
  return CLASSES[Math.floor(status / 100) - 1] ?? "5xx";
}

const CLASSES: readonly StatusClass[] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

function withMinute<T extends { readonly minute: number }>(
  { minute, ...rest }: T,
): Omit<T, "minute"> & { minute: string } {
  return { ...rest, minute: utcTime(new Date(minute * MINUTE_MS)) };
}
