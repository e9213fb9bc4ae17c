/**
 * A daemon that a proxy test holds in its hand: routes, credentials, changes, and being away.
 *
 * @module
 */
import type {
  ConfirmAnswer,
  ProxyEvent,
  ProxyRoute,
  ProxyRoutes,
  ResolvedCredential,
  ResolveRequest,
  UsageAnswer,
  UsageReport,
} from "../../core/api.ts";
import { DaemonUnavailableError } from "../../core/errors.ts";
import type { FilledInjection } from "../../core/injection.ts";
import type { DaemonAccess, RunDaemon } from "../../proxy/daemon_access.ts";

/** What {@linkcode FakeDaemon} answers for a resolve. */
export type Resolve = (request: ResolveRequest) => ResolvedCredential | Promise<ResolvedCredential>;

/** A route with everything filled in. */
export function makeRoute(overrides: Partial<ProxyRoute> = {}): ProxyRoute {
  const host = overrides.host ?? "api.acme.test";
  const path = overrides.path ?? "";
  return {
    provider: "acme",
    connection: "default",
    host,
    port: null,
    path,
    api_url: host + path,
    rule: 0,
    default_since: "2026-01-01T00:00:00Z",
    auth_endpoints: [],
    auth_endpoint_paths: [],
    allow_private: false,
    allow_plain: overrides.allow_private ?? false,
    ...overrides,
  };
}

/** A credential for a request, as the daemon answers it. */
export function makeCredential(
  request: ResolveRequest,
  injections: readonly FilledInjection[],
  expires_at: string | null = null,
): ResolvedCredential {
  return {
    provider: request.provider ?? "acme",
    connection: request.connection ?? "default",
    injections,
    headers: {},
    obtained_at: expires_at ?? new Date(0).toISOString(),
    expires_at,
    refreshable: expires_at !== null,
    source: "local",
  };
}

/** `Authorization: Bearer …`. */
export function bearer(token: string): FilledInjection {
  return { type: "header", name: "Authorization", value: `Bearer ${token}` };
}

/** See the module. */
export class FakeDaemon implements DaemonAccess, RunDaemon {
  routes: readonly ProxyRoute[];
  resolve: Resolve = (request) => makeCredential(request, [bearer("the-real-key")]);
  port: number | null = null;
  /** Every resolve that was asked. */
  readonly asked: ResolveRequest[] = [];
  /** Every revision that was confirmed. */
  readonly confirmed: number[] = [];
  /** What a confirmation is answered after. */
  holdConfirmations: Promise<void> = Promise.resolve();
  /** Confirmations that were sent, answered or not. */
  confirming = 0;
  /** Events that the proxy is done with. */
  eventsSeen = 0;
  /** Every report of usage. */
  readonly reported: UsageReport[] = [];
  revivals = 0;
  #revision = 1;
  #isDown = false;
  #streams = new Set<(event: ProxyEvent | "broken") => void>();
  #waiters: (() => void)[] = [];

  /** Begins with these routes. */
  constructor(routes: readonly ProxyRoute[] = [makeRoute()]) {
    this.routes = routes;
  }

  /** Itself. */
  get current(): RunDaemon {
    return this;
  }

  /** Says that something changed. */
  change(routes: readonly ProxyRoute[] = this.routes): void {
    this.routes = routes;
    this.#revision++;
    const event = { type: "change", revision: this.#revision, confirm: true } as const;
    for (const tell of this.#streams) tell(event);
  }

  /** Of the last change. */
  get revision(): number {
    return this.#revision;
  }

  /** Ends the grant. */
  end(): void {
    for (const tell of this.#streams) tell({ type: "ended" });
  }

  /** Dies as kill -9 does. */
  goDown(): void {
    this.#isDown = true;
    for (const tell of this.#streams) tell("broken");
  }

  /** Is there again. */
  comeUp(): void {
    this.#isDown = false;
  }

  /** How many change streams are open. */
  get streams(): number {
    return this.#streams.size;
  }

  /** Resolves once the proxy holds the change stream open. */
  async streamOpened(): Promise<void> {
    if (this.#streams.size > 0) return;
    await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  /** See {@linkcode RunDaemon}. */
  snapshot(): ProxyRoutes {
    return {
      routes: this.routes,
      environment: [],
      known_hosts: [...new Set(this.routes.map((route) => route.host))],
      revision: this.#revision,
    };
  }

  /** See {@linkcode RunDaemon}. */
  async proxyRoutes(): Promise<ProxyRoutes> {
    await this.#answer();
    return this.snapshot();
  }

  /** See {@linkcode RunDaemon}. */
  async *proxyEvents(signal: AbortSignal): AsyncGenerator<ProxyEvent> {
    await this.#answer();
    const queue: (ProxyEvent | "broken" | "closed")[] = [
      { type: "change", revision: this.#revision },
    ];
    let wake = () => {};
    const tell = (event: ProxyEvent | "broken" | "closed") => {
      queue.push(event);
      wake();
    };
    signal.addEventListener("abort", () => tell("closed"), { once: true });
    this.#streams.add(tell);
    try {
      for (;;) {
        const event = queue.shift();
        if (event === "closed" || signal.aborted) return;
        if (event === "broken") throw new DaemonUnavailableError("Cannot read: it is gone");
        if (event === undefined) {
          await new Promise<void>((resolve) => wake = resolve);
          continue;
        }
        yield event;
        // Whoever took the event has seen it by now.
        this.eventsSeen++;
        for (const resolve of this.#waiters.splice(0)) resolve();
      }
    } finally {
      this.#streams.delete(tell);
    }
  }

  /** See {@linkcode RunDaemon}. */
  async confirmChanges(revision: number): Promise<ConfirmAnswer> {
    this.confirming++;
    await this.#answer();
    await this.holdConfirmations;
    this.confirmed.push(revision);
    return { status: "ok" };
  }

  /** See {@linkcode RunDaemon}. */
  async resolveCredential(request: ResolveRequest): Promise<ResolvedCredential> {
    this.asked.push(request);
    await this.#answer();
    return await this.resolve(request);
  }

  /** See {@linkcode RunDaemon}. */
  async reportUsage(report: UsageReport): Promise<UsageAnswer> {
    await this.#answer();
    this.reported.push(report);
    return { status: "ok", accepted: report.uses.length + report.denials.length, refused: 0 };
  }

  /** See {@linkcode DaemonAccess}. */
  async revive(): Promise<void> {
    this.revivals++;
    await this.#answer();
  }

  // deno-lint-ignore require-await -- rejects as a network does
  async #answer(): Promise<void> {
    if (!this.#isDown) return;
    throw new DaemonUnavailableError("Cannot reach the daemon: nothing answers there", {
      hint: "Run: authsome daemon start",
    });
  }
}
