/**
 * Speaks to the daemon: one method for each route, every request with its own proof of possession,
 * and error answers turned back into the classes of `core/errors.ts`.
 *
 * Runs in Deno, Node.js 20 and later, and Bun.
 *
 * @module
 */
import type {
  AuditPage,
  AuditQuery,
  AuditReport,
  BackupAnswer,
  CheckedConnection,
  CompareRequest,
  CompareResult,
  ConfirmAnswer,
  ConnectionChange,
  ConnectionDetail,
  ConnectionList,
  ConnectionListQuery,
  CreatedGrant,
  CreateGrantRequest,
  CreateMcpSessionRequest,
  CreateSessionRequest,
  DashboardLink,
  ExportRequest,
  ExportResult,
  GrantItem,
  Health,
  IdentityList,
  KeyRotation,
  ProviderChange,
  ProviderItem,
  ProviderList,
  ProviderNames,
  ProxyEvent,
  ProxyRoutes,
  Readiness,
  RegisteredIdentity,
  RegisterIdentityRequest,
  RegisterProviderRequest,
  ResolvedCredential,
  ResolveRequest,
  RestoredBackup,
  RestoreRequest,
  RevokeResult,
  Session,
  UsageAnswer,
  UsageReport,
  VerifiedBackup,
  VerifyBackupRequest,
  WhoAmI,
} from "../core/api.ts";
import { ANSWER_HEADER, CHALLENGE_HEADER } from "../core/boot.ts";
import type { ConnectionRef } from "../core/connection.ts";
import { AuthsomeError, DaemonUnavailableError, IdentityNotFoundError } from "../core/errors.ts";
import type {
  AcceptClaimRequest,
  ClaimList,
  CreateClaimRequest,
  IdentityClaim,
  RemovedIdentity,
} from "../core/identity_claim.ts";
import { createProof, type Signer } from "../core/proof.ts";
import type { Secret } from "../core/secret.ts";
import { readError, readJson } from "./daemon_answer.ts";
import { Deadlines } from "./deadlines.ts";
import { readEvents } from "./event_stream.ts";
import {
  type DaemonFetch,
  fetchTransport,
  openTransport,
  type Transport,
  type TransportAnswer,
  type TransportRequest,
} from "./transport.ts";

/** How to make a {@linkcode DaemonClient}. */
export interface DaemonClientOptions {
  /** Such as `http://127.0.0.1:7998`, without a trailing slash. */
  readonly baseUrl: string;
  /** Who signs; null where only public routes are called. */
  readonly signer: Signer | null;
  /** Sends the requests. Default: direct for a daemon on this machine, never through a proxy. */
  readonly fetch?: DaemonFetch | undefined;
  /** Connections to the daemon that are there already. Default: its own, opened as they are needed. */
  readonly transport?: Transport | undefined;
  /**
   * Called when the daemon does not know the identity, to register it; the request is then sent
   * once more. Left out: the {@linkcode IdentityNotFoundError} is thrown.
   */
  readonly onUnknownIdentity?: ((client: DaemonClient) => Promise<void>) | undefined;
  /** Longest wait for an answer's headers, in milliseconds. Default 60000. */
  readonly timeoutMs?: number | undefined;
  /** The clock of the proofs. */
  readonly now?: (() => Date) | undefined;
  /** What to do when nothing answers. Default: start the daemon. */
  readonly unreachableHint?: string | undefined;
}

/** Options that every method takes last. */
export interface CallOptions {
  /** Gives up; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called when the request is on its way: what is done now is done while the daemon works. */
  readonly onSent?: (() => void) | undefined;
}

/** What `GET /health` says, and how the daemon proved itself. */
export interface HealthAnswer extends Health {
  /** Answer to the challenge (see `core/boot.ts`); null when none was given. */
  readonly answer: string | null;
}

interface Call extends CallOptions {
  /** Sent as JSON; left out: no body. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const DEFAULT_TIMEOUT_MS = 60_000;
/** The daemon sends a comment every 15 seconds. */
const MAX_SILENCE_MS = 40_000;
const NO_BODY = new Uint8Array();

/**
 * A client of one daemon.
 *
 * Every method rejects with the error class that the daemon names, or with a
 * {@linkcode DaemonUnavailableError} when nothing answers.
 */
export class DaemonClient {
  /** The daemon's address, without a trailing slash. */
  readonly baseUrl: string;
  readonly #signer: Signer | null;
  readonly #transport: Transport;
  readonly #onUnknownIdentity: ((client: DaemonClient) => Promise<void>) | null;
  readonly #deadlines: Deadlines;
  readonly #now: () => Date;
  readonly #unreachableHint: string;

  /** A client for the daemon at `baseUrl`; nothing is sent yet. */
  constructor(options: DaemonClientOptions) {
    this.baseUrl = options.baseUrl.replace(/\/+$/, "");
    this.#signer = options.signer;
    this.#transport = options.transport ??
      (options.fetch === undefined ? openTransport(this.baseUrl) : fetchTransport(options.fetch));
    this.#onUnknownIdentity = options.onUnknownIdentity ?? null;
    this.#deadlines = new Deadlines(options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    this.#now = options.now ?? (() => new Date());
    this.#unreachableHint = options.unreachableHint ?? "Run: authsome daemon start";
  }

  /** A client of the same daemon for another signer, over the same connections. */
  as(signer: Signer, { timeoutMs }: Pick<DaemonClientOptions, "timeoutMs"> = {}): DaemonClient {
    return new DaemonClient({
      baseUrl: this.baseUrl,
      transport: this.#transport,
      signer,
      timeoutMs,
      now: this.#now,
      unreachableHint: this.#unreachableHint,
    });
  }

  /** Closes kept connections. */
  close(): void {
    this.#transport.close();
  }

  /** The same as {@linkcode DaemonClient.close}, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Whether the daemon lives; public. A `challenge` (32 hex digits) makes it prove which one it is. */
  async health(challenge?: string, options: CallOptions = {}): Promise<HealthAnswer> {
    const headers = challenge === undefined ? {} : { [CHALLENGE_HEADER]: challenge };
    const answer = await this.#send("GET", "/health", { ...options, headers });
    const health = await readJson<Health>(answer);
    return { ...health, answer: answer.header(ANSWER_HEADER) };
  }

  /** What works and what does not. */
  ready(options: CallOptions = {}): Promise<Readiness> {
    return this.#call("GET", "/ready", options);
  }

  /** The context: home, identity, vault. */
  whoami(options: CallOptions = {}): Promise<WhoAmI> {
    return this.#call("GET", "/whoami", options);
  }

  /** A link that opens the dashboard in a browser, once, within a minute. */
  createDashboardLink(options: CallOptions = {}): Promise<DashboardLink> {
    return this.#call("POST", "/ui/session", { ...options, body: {} });
  }

  /** Makes the signer's identity known to the daemon. */
  registerIdentity(
    request: RegisterIdentityRequest,
    options: CallOptions = {},
  ): Promise<RegisteredIdentity> {
    return this.#call("POST", "/identities/register", { ...options, body: request });
  }

  /** The identities the daemon knows. */
  listIdentities(options: CallOptions = {}): Promise<IdentityList> {
    return this.#call("GET", "/identities", options);
  }

  /** Asks the daemon's owner to let the signer's identity in; the one that waits, where one does. */
  createClaim(request: CreateClaimRequest, options: CallOptions = {}): Promise<IdentityClaim> {
    return this.#call("POST", "/identities/claims", { ...options, body: request });
  }

  /** What has become of a claim that the signer made. */
  getClaim(code: string, options: CallOptions = {}): Promise<IdentityClaim> {
    return this.#call("GET", `/identities/claims/${encode(code)}`, options);
  }

  /** The claims that wait for the owner's word. */
  listClaims(options: CallOptions = {}): Promise<ClaimList> {
    return this.#call("GET", "/identities/claims", options);
  }

  /** Lets the identity of a claim in, to run programs with at most `only`. */
  acceptClaim(
    code: string,
    request: AcceptClaimRequest = {},
    options: CallOptions = {},
  ): Promise<RegisteredIdentity> {
    const path = `/identities/claims/${encode(code)}/accept`;
    return this.#call("POST", path, { ...options, body: request });
  }

  /** Keeps the identity of a claim out. */
  refuseClaim(code: string, options: CallOptions = {}): Promise<IdentityClaim> {
    return this.#call("DELETE", `/identities/claims/${encode(code)}`, options);
  }

  /** Takes the access of an identity that was let in away, and ends its runs. */
  removeIdentity(handle: string, options: CallOptions = {}): Promise<RemovedIdentity> {
    return this.#call("DELETE", `/identities/${encode(handle)}`, options);
  }

  /** Begins a login. */
  createSession(
    request: CreateSessionRequest | CreateMcpSessionRequest,
    options: CallOptions = {},
  ): Promise<Session> {
    return this.#call("POST", "/auth/sessions", { ...options, body: request });
  }

  /** How a login stands. */
  getSession(id: string, options: CallOptions = {}): Promise<Session> {
    return this.#call("GET", `/auth/sessions/${encode(id)}`, options);
  }

  /** Gives a login the values it asks for, by field name. */
  resumeSession(
    id: string,
    data: Readonly<Record<string, string>>,
    options: CallOptions = {},
  ): Promise<Session> {
    return this.#call("POST", `/auth/sessions/${encode(id)}/resume`, {
      ...options,
      body: { data },
    });
  }

  /** Cancels a login. */
  cancelSession(id: string, options: CallOptions = {}): Promise<Session> {
    return this.#call("DELETE", `/auth/sessions/${encode(id)}`, options);
  }

  /** The connections of every provider that has any, or the part of them that is asked for. */
  listConnections(
    { provider, limit, ...options }: CallOptions & ConnectionListQuery = {},
  ): Promise<ConnectionList> {
    return this.#call("GET", `/connections${queryText({ provider, limit })}`, options);
  }

  /** One connection. Secrets are masked unless `showSecrets`, which is audited. */
  getConnection(
    ref: ConnectionRef,
    { showSecrets = false, ...options }: CallOptions & { readonly showSecrets?: boolean } = {},
  ): Promise<ConnectionDetail> {
    const query = showSecrets ? "?show_secrets=true" : "";
    return this.#call("GET", `${connectionPath(ref)}${query}`, options);
  }

  /** Asks the provider whether one connection works, by the harmless call that its definition names. */
  checkConnection(ref: ConnectionRef, options: CallOptions = {}): Promise<CheckedConnection> {
    return this.#call("POST", `${connectionPath(ref)}/check`, { ...options, body: {} });
  }

  /** Forgets one connection here; the provider is not told. */
  logOut(ref: ConnectionRef, options: CallOptions = {}): Promise<ConnectionChange> {
    return this.#call("POST", `${connectionPath(ref)}/logout`, { ...options, body: {} });
  }

  /** Revokes a provider's tokens at the provider and forgets everything kept of it here. */
  revokeProvider(name: string, options: CallOptions = {}): Promise<RevokeResult> {
    return this.#call("POST", `/connections/${encode(name)}/revoke`, { ...options, body: {} });
  }

  /** Makes a connection its provider's default. */
  setDefault(ref: ConnectionRef, options: CallOptions = {}): Promise<ConnectionChange> {
    return this.#call("POST", `${connectionPath(ref)}/default`, { ...options, body: {} });
  }

  /** Credentials as environment variables; expired tokens are refreshed first. */
  exportCredentials(request: ExportRequest, options: CallOptions = {}): Promise<ExportResult> {
    return this.#call("POST", "/credentials/export", { ...options, body: request });
  }

  /** Whether values found elsewhere are the ones a connection has; audited. */
  compareCredential(request: CompareRequest, options: CallOptions = {}): Promise<CompareResult> {
    return this.#call("POST", "/credentials/compare", { ...options, body: request });
  }

  /** What is to be put on one request, by host or by provider. */
  resolveCredential(
    request: ResolveRequest,
    options: CallOptions = {},
  ): Promise<ResolvedCredential> {
    return this.#call("POST", "/credentials/resolve", { ...options, body: request });
  }

  /** Every provider definition. */
  listProviders(options: CallOptions = {}): Promise<ProviderList> {
    return this.#call("GET", "/providers", options);
  }

  /** What a list shows of every provider: a seventh of what the definitions are. */
  listProviderNames(options: CallOptions = {}): Promise<ProviderNames> {
    return this.#call("GET", "/provider-names", options);
  }

  /** One provider definition. */
  getProvider(name: string, options: CallOptions = {}): Promise<ProviderItem> {
    return this.#call("GET", `/providers/${encode(name)}`, options);
  }

  /** Adds a custom provider definition. */
  registerProvider(
    request: RegisterProviderRequest,
    options: CallOptions = {},
  ): Promise<ProviderChange> {
    return this.#call("POST", "/providers", { ...options, body: request });
  }

  /** Removes a custom definition; a bundled one of that name shows again. */
  removeProvider(name: string, options: CallOptions = {}): Promise<ProviderChange> {
    return this.#call("DELETE", `/providers/${encode(name)}`, options);
  }

  /** Where credentials go: hosts, variables, and the revision to compare with events. */
  proxyRoutes(options: CallOptions = {}): Promise<ProxyRoutes> {
    return this.#call("GET", "/proxy/routes", options);
  }

  /**
   * Changes as they happen, until `signal` aborts or the connection ends. Ending without an `ended`
   * event means that the stream broke: what was read from it before is no longer sure.
   *
   * With `confirm` the daemon answers its owner's changes when {@linkcode DaemonClient.confirmChanges}
   * has been called for the events that ask for it, and after `ended` waits for the reader to leave.
   *
   * @throws {DaemonUnavailableError} when the stream cannot be opened, breaks off, or falls silent: a
   * daemon that was stopped keeps its connections open and says nothing.
   */
  async *proxyEvents(
    signal: AbortSignal,
    { confirm = false }: { readonly confirm?: boolean } = {},
  ): AsyncGenerator<ProxyEvent> {
    const silence = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const onSign = () => {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), MAX_SILENCE_MS);
    };
    try {
      const answer = await this.#send("GET", `/proxy/events${confirm ? "?confirm=true" : ""}`, {
        signal: AbortSignal.any([signal, silence.signal]),
        headers: { accept: "text/event-stream" },
      });
      onSign();
      for await (const { event, data } of readEvents(answer.body(), onSign)) {
        if (event === "change" || event === "ended") {
          yield { ...JSON.parse(data), type: event } as ProxyEvent;
        }
      }
    } catch (cause) {
      if (signal.aborted) return;
      throw cause instanceof AuthsomeError ? cause : this.#unavailable(cause);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Says that nothing is used any more that was true before an event; `revision` is the event's. */
  confirmChanges(revision: number, options: CallOptions = {}): Promise<ConfirmAnswer> {
    return this.#call("POST", "/proxy/events/confirm", { ...options, body: { revision } });
  }

  /** Lets a run identity use connections for a while; the answer holds its routes. */
  createGrant(request: CreateGrantRequest, options: CallOptions = {}): Promise<CreatedGrant> {
    return this.#call("POST", "/grants", { ...options, body: request });
  }

  /** A grant; a run identity asks for its own with `self`. */
  getGrant(id: string, options: CallOptions = {}): Promise<GrantItem> {
    return this.#call("GET", `/grants/${encode(id)}`, options);
  }

  /** Lets a grant last `expires_in` seconds from now. */
  renewGrant(id: string, expires_in: number, options: CallOptions = {}): Promise<GrantItem> {
    return this.#call("POST", `/grants/${encode(id)}/renew`, { ...options, body: { expires_in } });
  }

  /** Ends a grant; a run identity ends its own with `self`. */
  endGrant(id: string, options: CallOptions = {}): Promise<GrantItem> {
    return this.#call("DELETE", `/grants/${encode(id)}`, options);
  }

  /** A page of the audit log, newest first. */
  auditEvents(query: AuditQuery = {}, options: CallOptions = {}): Promise<AuditPage> {
    return this.#call("GET", `/audit/events${queryText({ ...query })}`, options);
  }

  /** Has every line of the audit log checked. A long log takes seconds: give `signal` to wait less. */
  verifyAuditLog(options: CallOptions = {}): Promise<AuditReport> {
    return this.#call("POST", "/audit/verify", options);
  }

  /** Everything that is kept, sealed with a passphrase; `partial` leaves out what does not open. Audited. */
  createBackup(
    passphrase: Secret,
    { partial = false, ...options }: CallOptions & { readonly partial?: boolean } = {},
  ): Promise<BackupAnswer> {
    const body = { passphrase: passphrase.reveal(), partial };
    return this.#call("POST", "/backup", { ...options, body });
  }

  /** Opens a backup and says what it holds, and what restoring it would replace. */
  verifyBackup(
    request: VerifyBackupRequest,
    options: CallOptions = {},
  ): Promise<VerifiedBackup> {
    return this.#call("POST", "/backup/verify", { ...options, body: request });
  }

  /** Puts a backup in place of everything that is kept; all of it or nothing. */
  restoreBackup(request: RestoreRequest, options: CallOptions = {}): Promise<RestoredBackup> {
    return this.#call("POST", "/backup/restore", { ...options, body: request });
  }

  /** Changes the vault's keys. `newKey` is null where the daemon makes the master key itself. */
  rotateKeys(newKey: Secret | null, options: CallOptions = {}): Promise<KeyRotation> {
    const body = newKey === null ? {} : { new_key: newKey.reveal() };
    return this.#call("POST", "/keys/rotate", { ...options, body });
  }

  /** Reports what was done with credentials, for the audit log. */
  reportUsage(report: UsageReport, options: CallOptions = {}): Promise<UsageAnswer> {
    return this.#call("POST", "/proxy/usage", { ...options, body: report });
  }

  async #call<T>(method: string, path: string, call: Call): Promise<T> {
    return await readJson<T>(await this.#send(method, path, call));
  }

  /** Sends, and once more after an unknown identity was registered. */
  async #send(method: string, path: string, call: Call): Promise<TransportAnswer> {
    try {
      return await this.#sendOnce(method, path, call);
    } catch (error) {
      const register = this.#onUnknownIdentity;
      if (!(error instanceof IdentityNotFoundError) || register === null) throw error;
      if (path === "/identities/register") throw error;
      await register(this);
      return await this.#sendOnce(method, path, call);
    }
  }

  async #sendOnce(method: string, path: string, call: Call): Promise<TransportAnswer> {
    const url = `${this.baseUrl}/api${path}`;
    const body = call.body === undefined
      ? NO_BODY
      : new TextEncoder().encode(JSON.stringify(call.body));
    const headers: Record<string, string> = { ...call.headers };
    if (call.body !== undefined) headers["content-type"] = "application/json";
    if (this.#signer !== null) {
      const { pathname, search } = new URL(url);
      const request = { method, target: pathname + search, body };
      headers.authorization = await createProof(this.#signer, request, this.#now());
    }
    const answer = await this.#exchange(
      { method, url, headers, body: call.body === undefined ? null : body, onSent: call.onSent },
      call.signal,
    );
    if (answer.status < 200 || answer.status > 299) throw await readError(answer, this.baseUrl);
    return answer;
  }

  /** Waits for the answer's head at most `timeoutMs`; the body may then stream as long as it likes. */
  async #exchange(
    request: Omit<TransportRequest, "signal">,
    signal: AbortSignal | undefined,
  ): Promise<TransportAnswer> {
    signal?.throwIfAborted();
    const timeout = this.#deadlines.begin();
    const either = signal === undefined
      ? timeout.signal
      : AbortSignal.any([signal, timeout.signal]);
    try {
      return await this.#transport.send({ ...request, signal: either });
    } catch (cause) {
      if (signal?.aborted) throw signal.reason;
      if (cause instanceof AuthsomeError) throw cause; // says itself what is the matter
      throw this.#unavailable(cause, timeout.signal.aborted);
    } finally {
      this.#deadlines.end(timeout);
    }
  }

  #unavailable(cause: unknown, timedOut = false): DaemonUnavailableError {
    const state = timedOut ? "it does not answer" : "nothing answers there";
    return new DaemonUnavailableError(`Cannot reach the daemon at ${this.baseUrl}: ${state}`, {
      hint: this.#unreachableHint,
      cause,
    });
  }
}

function connectionPath(ref: ConnectionRef): string {
  return `/connections/${encode(ref.provider)}/${encode(ref.connection)}`;
}

/** `?name=value`, without the parts that are left out. */
function queryText(query: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  if (given.length === 0) return "";
  return `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}

/** One path segment. `.` and `..` would otherwise be resolved away and ask for another route. */
function encode(segment: string): string {
  return encodeURIComponent(segment === "." || segment === ".." ? `${segment} ` : segment);
}
