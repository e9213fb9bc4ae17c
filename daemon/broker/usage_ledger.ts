/**
 * What happens too often for a line each: credentials handed out, requests refused.
 *
 * The first of its kind in a minute is written down before it happens, so that nothing is handed out
 * that the log could not hold; the others of that minute are counted, and their number is written
 * when the minute is over. What one caller can have written is bounded: behind that bound, hosts and
 * methods are no longer told apart.
 *
 * @module
 */
import type { AuditEvent } from "../../core/audit_chain.ts";
import type { ConnectionRef } from "../../core/connection.ts";
import { auditedAs, type Caller } from "./caller.ts";

/** Of one caller in one minute. */
const MAX_KINDS = 200;
/** Of all callers together, in memory. */
const MAX_ENTRIES = 5_000;
/** Lines that one run's reports make in one minute. */
const MAX_REPORTED = 2_000;
const MINUTE_MS = 60_000;
/** RFC 9110 section 9 and RFC 5789; whatever else is sent is no method worth a line of its own. */
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** What a ledger works with. */
export interface LedgerParts {
  /** @throws {StoreUnavailableError} */
  readonly audit: (...events: readonly AuditEvent[]) => void;
  readonly now: () => Date;
}

/** The request that a credential is for. */
export interface LedgerRequest {
  readonly host?: string | undefined;
  readonly method?: string | undefined;
}

interface Entry {
  readonly event: AuditEvent;
  readonly minute: number;
  /** Not yet written. */
  count: number;
}

/** Counts of the current minute. */
export class UsageLedger {
  readonly #parts: LedgerParts;
  readonly #entries = new Map<string, Entry>();
  /** Caller → its kinds in the current minute. */
  readonly #kinds = new Map<string, number>();
  /** Caller → lines of its reports in the current minute. */
  readonly #reported = new Map<string, number>();
  #minute = 0;

  /** An empty ledger. */
  constructor(parts: LedgerParts) {
    this.#parts = parts;
  }

  /** A credential is about to be handed out. @throws {StoreUnavailableError} it must not be, then. */
  resolved(caller: Caller, ref: ConnectionRef, request: LedgerRequest): void {
    this.#note(caller, { event: "resolve", status: "success", ...ref }, request);
  }

  /** Something was refused to a caller who is known; `reason` is the name of an error. */
  denied(
    caller: Caller,
    event: "proxy_deny" | "proxy_no_credentials",
    ref: { readonly provider?: string | undefined; readonly connection?: string | undefined },
    { reason, ...request }: LedgerRequest & { readonly reason: string },
  ): void {
    const { provider = null, connection = null } = ref;
    const details = { reason };
    this.#note(caller, { event, status: "denied", provider, connection, details }, request);
  }

  /** A run asked the daemon for what no run may; `asked` is a method and the beginning of a path. */
  refused(caller: Caller, asked: string): void {
    const details = { reason: "GrantDeniedError", asked };
    this.#note(caller, { event: "proxy_deny", status: "denied", details }, {});
  }

  /** How many of `lines` a caller may still have written in this minute; they count as written. */
  admitReport(caller: Caller, lines: number): number {
    this.#turnMinute();
    const name = nameOf(caller);
    const before = this.#reported.get(name) ?? 0;
    const admitted = Math.min(lines, MAX_REPORTED - before);
    this.#reported.set(name, before + admitted);
    return admitted;
  }

  /** Writes the counts that are still in memory: when a minute is over, and at the stop. */
  flush(): void {
    const counted = [...this.#entries.values()].filter(({ count }) => count > 0);
    if (counted.length > 0) this.#parts.audit(...counted.map(withCount));
    this.#entries.clear();
    this.#kinds.clear();
    this.#reported.clear();
  }

  /** The current minute; what was counted in another one is written. */
  #turnMinute(): number {
    const minute = Math.floor(this.#parts.now().getTime() / MINUTE_MS);
    if (minute !== this.#minute || this.#entries.size >= MAX_ENTRIES) this.flush();
    this.#minute = minute;
    return minute;
  }

  #note(caller: Caller, event: AuditEvent, { host, method }: LedgerRequest): void {
    const minute = this.#turnMinute();
    const name = nameOf(caller);
    const kinds = this.#kinds.get(name) ?? 0;
    const isMany = kinds >= MAX_KINDS;
    const request = isMany
      ? { host: "*", method: null }
      : { host: shownHost(host), method: shownMethod(method) };
    // A refused name is whatever the caller came up with.
    const told = isMany && event.status === "denied" ? { ...event, ...NO_NAMES } : event;
    // Every request comes by here; the event itself is made for the first of its kind.
    const key = JSON.stringify([
      name,
      told.event,
      told.provider,
      told.connection,
      request,
      told.details,
    ]);
    const known = this.#entries.get(key);
    if (known !== undefined) {
      known.count++;
      return;
    }
    const full: AuditEvent = {
      ...told,
      ...auditedAs(caller),
      details: { ...withoutNulls(request), ...told.details },
    };
    this.#parts.audit({ ...full, details: { ...full.details, count: 1 } });
    this.#kinds.set(name, kinds + 1);
    this.#entries.set(key, { event: full, minute, count: 0 });
  }
}

const NO_NAMES = { provider: null, connection: null };

function nameOf(caller: Caller): string {
  const { run, identity } = auditedAs(caller);
  return run ?? identity;
}

/** The method as a line holds it. */
export function shownMethod(method: string | undefined): string | null {
  if (method === undefined) return null;
  return METHODS.has(method.toUpperCase()) ? method.toUpperCase() : "OTHER";
}

/** What a caller calls a host may be anything; only what can be one is written down. */
function shownHost(host: string | undefined): string | null {
  if (host === undefined) return null;
  return /^[A-Za-z0-9._:[\]-]{1,253}$/.test(host) ? host.toLowerCase() : "*";
}

function withCount({ event, minute, count }: Entry): AuditEvent {
  const begin = new Date(minute * MINUTE_MS).toISOString();
  return { ...event, details: { ...event.details, count, minute: begin } };
}

function withoutNulls(values: Readonly<Record<string, string | null>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== null),
  );
}
