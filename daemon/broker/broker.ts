/**
 * What every verb of the broker works with. One object, handed down: verbs are functions, and what
 * they need from the world (a clock, a way out, a store) is in here and nowhere else.
 *
 * @module
 */
import type {
  AuditPage,
  AuditQuery,
  AuditReport,
  Finding,
  KeyRotation,
  ReadyCheck,
  WhoAmI,
} from "../../core/api.ts";
import type { AuditEvent, AuditLine } from "../../core/audit_chain.ts";
import type { ServerConfig } from "../../core/config.ts";
import type { Flow, ProviderDefinition } from "../../core/provider.ts";
import type { Secret } from "../../core/secret.ts";
import type { LoginFlow } from "../flows/flow.ts";
import type { Vault } from "../vault/vault.ts";
import type { AbandonedLogins } from "./abandoned_logins.ts";
import type { ChangeHub } from "./change_hub.ts";
import type { Confirmations } from "./confirmations.ts";
import type { DefaultConnections } from "./default_connections.ts";
import type { Exchanges } from "./exchanges.ts";
import type { KnownCallers } from "./known_callers.ts";
import type { ProviderCatalogue } from "./provider_catalogue.ts";
import type { Refreshes } from "./refreshes.ts";
import type { RequestGate } from "./request_gate.ts";
import type { UsageLedger } from "./usage_ledger.ts";

/** The broker's surroundings. */
export interface Broker {
  readonly home: string;
  readonly version: string;
  readonly settings: ServerConfig;
  readonly encryption: WhoAmI["encryption"];
  /** Content of `server/registration.token`. */
  readonly registrationToken: Secret;
  readonly vault: Vault;
  /**
   * Changes the vault's keys. `given` is the new master key, null where the daemon makes one.
   *
   * @throws {InvalidInputError} when it cannot be used. @throws {StoreUnavailableError}
   */
  readonly changeKeys: (given: Secret | null) => Promise<Omit<KeyRotation, "status">>;
  /** A lock keeps every other process off the vault: what another process claimed, it left behind. */
  readonly ownsVault: boolean;
  readonly catalogue: ProviderCatalogue;
  /** Each provider's default connection, as last read. */
  readonly defaults: DefaultConnections;
  /** Identities and grants, as last read. */
  readonly callers: KnownCallers;
  readonly changes: ChangeHub;
  /** Which runs follow the changes. */
  readonly confirmations: Confirmations;
  /** What every request passes, and a restore closes. */
  readonly gate: RequestGate;
  /** This process's refreshes. */
  readonly refreshes: Refreshes;
  /** Logins that were given up before they began. */
  readonly abandoned: AbandonedLogins;
  /** This process's steps of logins that are at a provider. */
  readonly exchanges: Exchanges;
  readonly flows: Readonly<Record<Flow, LoginFlow>>;
  readonly now: () => Date;
  /** Goes out through the egress relay, TLS end to end. */
  readonly fetch: typeof fetch;
  /** Begins a connection that one `fetch` is going to need; absent where it makes no difference. */
  readonly connectEarly?: (url: string) => EarlyConnection;
  /**
   * Tells the relay hosts that no definition names, for as long as the daemon runs; `isPrivate` where
   * the owner allowed this provider private addresses.
   */
  readonly allowHosts: (hosts: readonly string[], isPrivate: boolean) => void | Promise<void>;
  /** Tells the relay where a provider's endpoints are with this base URL, before they are called. */
  readonly allowProvider: (
    definition: ProviderDefinition,
    baseUrl: string | null,
  ) => void | Promise<void>;
  /** Base of links that people open, without a trailing slash. */
  readonly baseUrl: () => string;
  /** Writes decisions down, all or none, before they are acted on. @throws {StoreUnavailableError} */
  readonly audit: (...events: readonly AuditEvent[]) => void;
  /** What was written down. */
  readonly auditTrail: AuditTrail;
  /** What happens too often for a line each. */
  readonly usage: UsageLedger;
  /** Tells the daemon's log what no caller is there to hear. */
  readonly warn: (message: string, cause?: unknown) => void;
  /** Checks that only the process can make: its confinement, its relay, its files. */
  readonly probes: Readonly<Partial<Record<ReadyCheck, Probe>>>;
  /** Runs a task that outlives the request; it ends when its signal aborts. */
  readonly background: (task: (signal: AbortSignal) => Promise<void>) => void;
  /** Aborted when the daemon stops. */
  readonly stopping: AbortSignal;
}

/** A connection that is made before there is a request for it. Disposing of it unused closes it. */
export interface EarlyConnection extends Disposable {
  /** Nothing is left to be done here for now: others dial. Never rejects. */
  readonly begun: Promise<void>;
  /** Sends its first request to that origin over the connection, and all others as ever. */
  readonly fetch: typeof fetch;
}

/** Reads the audit log. */
export interface AuditTrail {
  /** One page, newest first. */
  page(query: AuditQuery): Promise<AuditPage>;
  /** Every line as it stands now, newest first, one after the other: memory stays flat. */
  newest(): AsyncIterable<AuditLine>;
  /** Checks every line; callers at the same time share one verification. */
  verify(): Promise<AuditReport>;
}

/** Answers `ok`, or a short code with a sentence for a person. */
export type Probe = () => Promise<ProbeResult> | ProbeResult;

/** What a probe found; `code` is `ok` where nothing is broken and something is worth telling. */
export type ProbeResult = "ok" | {
  readonly code: string;
  /** All of it in a sentence. */
  readonly problem: string;
  /** One by one; left out: `problem` is the only one. */
  readonly findings?: readonly ProbeFinding[];
  /** What mends it, where there are no findings. */
  readonly mend?: string;
};

/** A {@linkcode Finding} before its check is known. */
export type ProbeFinding = Omit<Finding, "check">;
