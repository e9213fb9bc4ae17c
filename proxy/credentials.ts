/**
 * The credential of a request, asked from the daemon. An answer is reused only while the change
 * stream is open, only for the same host and rule, and not past its expiry; a change or a broken
 * stream empties everything at once. What cannot be had is an error, never an old value.
 *
 * @module
 */
import type { ProxyRoute, ResolvedCredential, ResolveRequest } from "../core/api.ts";
import { GrantDeniedError } from "../core/errors.ts";
import { ReplacedCredentials } from "../core/replaced_credentials.ts";
import type { DaemonAccess } from "./daemon_access.ts";
import { credentialUnavailable } from "./fail_closed.ts";

/** The request a credential is for. */
export interface CredentialRequest {
  readonly route: ProxyRoute;
  /** The host that was connected to. */
  readonly host: string;
  readonly port: number;
  /** Path with its query. */
  readonly path: string;
  readonly method: string;
}

/** An answer is not reused in its last minute: the daemon may have a better one by then. */
const EXPIRY_MARGIN_MS = 60_000;
/** Answers; beyond that the daemon is asked again. */
const MAX_KNOWN = 1_000;

/** Asks the daemon and remembers as far as it is allowed. */
export class Credentials {
  readonly #daemon: DaemonAccess;
  readonly #mayRemember: () => boolean;
  readonly #now: () => number;
  readonly #known = new Map<string, ResolvedCredential>();
  readonly #asking = new Map<string, Promise<ResolvedCredential>>();
  readonly #replaced = new ReplacedCredentials();
  /** For all who were refused meanwhile. */
  #reviving: Promise<void> | null = null;
  /** Grows whenever something may have changed; an answer to a question asked before is not kept. */
  #epoch = 0;

  /** `mayRemember` says whether the change stream is open. */
  constructor(
    daemon: DaemonAccess,
    mayRemember: () => boolean,
    now: () => number = () => Date.now(),
  ) {
    this.#daemon = daemon;
    this.#mayRemember = mayRemember;
    this.#now = now;
  }

  /** Forgets everything. */
  clear(): void {
    this.#epoch++;
    this.#known.clear();
    this.#asking.clear();
  }

  /**
   * The credential: at once when it is known, else as the daemon answers.
   *
   * @throws {Refusal} 502 when there is none, with the command that mends it.
   */
  resolve(request: CredentialRequest): ResolvedCredential | Promise<ResolvedCredential> {
    const key = keyOf(request);
    const known = this.#mayRemember() ? this.#known.get(key) : undefined;
    if (known !== undefined && this.#isFresh(known)) return known;
    return this.#ask(key, request);
  }

  /**
   * Another credential in place of one that the server refused, or null when the daemon has no other,
   * or when that one was such another itself, a moment ago.
   */
  async replace(
    request: CredentialRequest,
    rejected: ResolvedCredential,
  ): Promise<ResolvedCredential | null> {
    if (this.#replaced.isRefusedAgain(rejected, this.#now())) return null;
    this.#known.delete(keyOf(request));
    try {
      const fresh = await this.#askDaemon(request, rejected);
      if (isSame(fresh, rejected)) return null;
      this.#replaced.note(fresh, this.#now());
      return fresh;
    } catch {
      // The server's own 401 says more than our failure to mend it.
      return null;
    }
  }

  async #ask(key: string, request: CredentialRequest): Promise<ResolvedCredential> {
    for (;;) {
      const epoch = this.#epoch;
      const answer = await this.#askOnce(key, request);
      // Something changed while the daemon was asked: the answer may be from before.
      if (epoch !== this.#epoch) continue;
      if (this.#mayRemember() && this.#isFresh(answer)) this.#remember(key, answer);
      return answer;
    }
  }

  /** A wildcard has as many hosts as a program likes to make up. */
  #remember(key: string, answer: ResolvedCredential): void {
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(key, answer);
  }

  /** Requests of one moment share one question while changes are told to us. */
  #askOnce(key: string, request: CredentialRequest): Promise<ResolvedCredential> {
    const asking = this.#asking.get(key);
    if (asking !== undefined && this.#mayRemember()) return asking;
    const asked = this.#askDaemon(request).catch((cause) => {
      throw credentialUnavailable(request.route.provider, cause);
    }).finally(() => {
      if (this.#asking.get(key) === asked) this.#asking.delete(key);
    });
    this.#asking.set(key, asked);
    return asked;
  }

  #askDaemon(
    request: CredentialRequest,
    rejected?: ResolvedCredential,
  ): Promise<ResolvedCredential> {
    const { route, host, port, path, method } = request;
    return this.#askAsGranted({
      provider: route.provider,
      connection: route.connection,
      host,
      port,
      // The query may hold anything; which rule it is depends on the path alone.
      path: path.replace(/[?#].*$/s, ""),
      method,
      // Not the time of the refusal: a token that was renewed meanwhile has not been refused.
      ...(rejected === undefined ? {} : { rejected_at: rejected.obtained_at }),
    });
  }

  /**
   * A grant that ran out is asked for again: the timers that renew it sleep when the machine does.
   * One that somebody ended stays ended.
   */
  async #askAsGranted(question: ResolveRequest): Promise<ResolvedCredential> {
    try {
      return await this.#daemon.current.resolveCredential(question);
    } catch (error) {
      if (!(error instanceof GrantDeniedError)) throw error;
      this.#reviving ??= this.#daemon.revive().finally(() => this.#reviving = null);
      await this.#reviving;
      return await this.#daemon.current.resolveCredential(question);
    }
  }

  #isFresh({ expires_at }: ResolvedCredential): boolean {
    return expires_at === null || Date.parse(expires_at) - EXPIRY_MARGIN_MS > this.#now();
  }
}

/** The host is part of it: one provider may inject differently at each of its hosts. */
function keyOf({ route, host }: CredentialRequest): string {
  return `${route.provider}/${route.connection}/${route.rule}/${host}`;
}

function isSame(a: ResolvedCredential, b: ResolvedCredential): boolean {
  return JSON.stringify(a.injections) === JSON.stringify(b.injections);
}
