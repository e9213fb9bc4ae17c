/**
 * The shapes that cross the daemon's HTTP API, in the words of the wire (snake_case, ISO times).
 *
 * Interfaces only, so that the command line pays nothing for them; the daemon checks requests
 * against the zod schemas in `api_schema.ts`, which are declared with these types.
 *
 * @module
 */
import type { AuditEvent, AuditLine } from "./audit_chain.ts";
import type { ConnectionStatus } from "./connection.ts";
import type { GrantScope } from "./grant.ts";
import type { AuthType, Flow, ProviderDefinition, ProviderSource } from "./provider.ts";
import type { ChainProblem } from "./verify_audit_chain.ts";

export type * from "./backup_api.ts";
export type * from "./readiness_api.ts";
export type * from "./run_api.ts";

/** `GET /health`. */
export interface Health {
  readonly status: "ok";
  readonly version: string;
  /** Whether the daemon can reach its egress relay. */
  readonly egress: "ok" | "down";
}

/** `GET /whoami`. */
export interface WhoAmI {
  readonly home: string;
  readonly version: string;
  readonly encryption: {
    readonly mode: string;
    readonly source: string;
    readonly status: "ok" | "error";
  };
  readonly profile: string;
  readonly identity: string;
  readonly did: string;
  readonly registration_status: string;
  readonly principal_id: string;
  readonly vault_id: string;
  readonly daemon_url: string;
}

/** Answer of `POST /ui/session`. */
export interface DashboardLink {
  /** Opens the dashboard in the browser that follows it first. */
  readonly url: string;
  readonly expires_at: string;
}

/** `POST /identities/register`. */
export interface RegisterIdentityRequest {
  readonly handle: string;
  readonly did: string;
  /** Content of `server/registration.token`. */
  readonly registration_token: string;
}

/** Answer of `POST /identities/register`. */
export interface RegisteredIdentity {
  readonly status: "registered";
  readonly identity: string;
  readonly did: string;
  readonly registration_status: "claimed";
  readonly principal_id: string;
  readonly vault_id: string;
}

/** `GET /identities`. */
export interface IdentityList {
  readonly identities: readonly {
    readonly handle: string;
    readonly did: string;
    readonly status: string;
    readonly created_at: string;
    /** `run`: of another machine, let in to run programs. */
    readonly access: "owner" | "run";
    /** What its runs may use at most; null: every connection. */
    readonly only: readonly GrantScope[] | null;
  }[];
}

/** States of a login session. */
export type SessionStatus =
  | "pending"
  | "waiting_for_user"
  | "processing"
  | "completed"
  | "failed"
  | "expired"
  | "cancelled";

/** `POST /auth/sessions`. */
export interface CreateSessionRequest {
  readonly provider: string;
  /** Left out: the provider's default connection, or `default` for a first login. */
  readonly connection?: string | undefined;
  readonly flow?: Flow | null | undefined;
  readonly scopes?: readonly string[] | null | undefined;
  readonly base_url?: string | null | undefined;
  readonly force?: boolean | undefined;
  /** What the audit log calls it; `scan` for a credential that was found in a file. */
  readonly purpose?: LoginPurpose | undefined;
  /**
   * An id of the caller's choice (`sess_` and 32 random hex digits): with it a login can be cancelled
   * whose answer never came.
   */
  readonly session_id?: string | undefined;
}

/** Why a login is made: a person logs in, or `authsome scan` takes in what it found. */
export type LoginPurpose = "login" | "scan";

/** `POST /auth/sessions` for a remote MCP server that no definition knows yet. */
export interface CreateMcpSessionRequest {
  /** Address of the server, as an MCP client is given it. */
  readonly mcp_url: string;
  /** Name to register it under; left out: its host. */
  readonly name?: string | undefined;
  /** The owner's word that a server on a private network is meant. */
  readonly allow_private?: boolean | undefined;
  readonly connection?: string | undefined;
  readonly flow?: Flow | null | undefined;
  readonly scopes?: readonly string[] | null | undefined;
  readonly force?: boolean | undefined;
  /** As in {@linkcode CreateSessionRequest}. */
  readonly session_id?: string | undefined;
}

/** One value a session still wants from the person. */
export interface InputField {
  readonly name: string;
  readonly label: string;
  readonly secret: boolean;
  readonly required: boolean;
  readonly default?: string;
  readonly pattern?: string;
  readonly pattern_hint?: string;
  /** True where a mismatch refuses the value instead of warning. */
  readonly pattern_certain?: boolean;
  /** Environment variables that usually hold this value. */
  readonly env?: readonly string[];
}

/** A login session, as create, get, resume and cancel answer it. */
export interface Session {
  readonly id: string;
  readonly provider: string;
  readonly connection: string;
  readonly flow: Flow;
  readonly status: SessionStatus;
  readonly message: string | null;
  /** Why it failed; while it waits, why it asks again. */
  readonly error: string | null;
  readonly created_at: string;
  readonly expires_at: string;
  readonly next_action:
    | { readonly type: "none" }
    | { readonly type: "open_url"; readonly url: string };
  /** What is still to be asked; empty once it was given. */
  readonly input_fields: readonly InputField[];
  readonly user_code: string | null;
  readonly verification_uri: string | null;
  readonly verification_uri_complete: string | null;
  /** After completion: what was asked and what was granted, where they differ or are known. */
  readonly requested_scopes: readonly string[] | null;
  readonly granted_scopes: readonly string[] | null;
  /** Things worth telling that stop nothing, such as an odd-looking key. */
  readonly warnings: readonly string[];
}

/** `POST /auth/sessions/{id}/resume`. */
export interface ResumeSessionRequest {
  /** Field name → value; OAuth flows take `code` and `state`. */
  readonly data: Readonly<Record<string, string>>;
}

/** One connection in a list. */
export interface ConnectionItem {
  readonly connection_name: string;
  readonly is_default: boolean;
  readonly auth_type: AuthType;
  readonly status: ConnectionStatus;
  readonly scopes: readonly string[] | null;
  readonly base_url: string | null;
  readonly api_url: string | null;
  readonly expires_at: string | null;
  readonly account: { readonly id: string | null; readonly label: string | null };
  /** Why its token, which is about to expire or has, could not be refreshed; null where it could. */
  readonly refresh_error: string | null;
}

/** Query of `GET /connections`. */
export interface ConnectionListQuery {
  /** Only this provider's. */
  readonly provider?: string | undefined;
  /** At most so many connections, in the order of providers and names; 0 gives the counts alone. */
  readonly limit?: number | undefined;
}

/** `GET /connections`: only providers that have connections. */
export interface ConnectionList {
  readonly connections: readonly {
    readonly name: string;
    readonly default_connection: string | null;
    /** How many there are, also where `limit` left some out. */
    readonly connection_count: number;
    readonly connections: readonly ConnectionItem[];
  }[];
}

/** `GET /connections/{provider}/{connection}`; secrets read `***REDACTED***` unless asked for. */
export interface ConnectionDetail {
  readonly schema_version: 2;
  readonly provider: string;
  readonly connection_name: string;
  readonly is_default: boolean;
  readonly identity: string;
  readonly principal_id: string;
  readonly vault_id: string;
  readonly auth_type: AuthType;
  readonly flow: Flow;
  readonly status: ConnectionStatus;
  readonly base_url: string | null;
  readonly api_url: string | null;
  readonly scopes: readonly string[] | null;
  readonly access_token: string | null;
  readonly refresh_token: string | null;
  readonly api_key: string | null;
  /** The values of a provider with several fields. */
  readonly credentials: Readonly<Record<string, string>>;
  readonly token_type: string | null;
  readonly expires_at: string | null;
  readonly obtained_at: string;
  readonly account: { readonly id: string | null; readonly label: string | null };
  readonly metadata: Readonly<Record<string, unknown>>;
  /** null for a key, which is not refreshed. */
  readonly refresh: RefreshStatus | null;
}

/** How the refreshes of a connection go. */
export interface RefreshStatus {
  /** When it last worked. */
  readonly last_refresh_at: string | null;
  /** Error code of RFC 6749 and a short reason, where the last one failed; null: it worked. */
  readonly last_refresh_error: string | null;
  readonly last_failure_at: string | null;
  /** Failures since it last worked. */
  readonly failures: number;
  /** It is not tried again before; null: with the next request that needs it. */
  readonly next_attempt_at: string | null;
}

/** Answer of logout and of setting a default. */
export interface ConnectionChange {
  readonly status: "ok";
  readonly provider: string;
  /** The provider's default connection afterwards. */
  readonly default_connection: string | null;
}

/** Answer of revoke: what the provider said, token by token. */
export interface RevokeResult {
  readonly status: "ok";
  readonly provider: string;
  /** Number of connections removed here. */
  readonly connections: number;
  /** `revoked`, `refused`, `unreachable`, `not_supported`. */
  readonly outcomes: readonly {
    readonly connection: string;
    readonly token: string;
    readonly outcome: "revoked" | "refused" | "unreachable" | "not_supported";
    readonly detail: string | null;
  }[];
}

/** `POST /credentials/export`. */
export interface ExportRequest {
  /** Left out: every connection. */
  readonly provider?: string | null | undefined;
  readonly connection?: string | null | undefined;
  readonly format?: "env" | "shell" | "json" | undefined;
}

/** Answer of `POST /credentials/export`. */
export interface ExportResult {
  /** The credentials in the format asked for, ready to print. */
  readonly output: string;
  readonly credentials: Readonly<Record<string, string>>;
  /** Connections left out of an export of everything, each with the reason; usually empty. */
  readonly skipped: readonly string[];
}

/** `POST /credentials/compare`: whether values found elsewhere are the ones kept. */
export interface CompareRequest {
  readonly provider: string;
  /** Left out: the provider's default connection. */
  readonly connection?: string | null | undefined;
  /** Field name (or `base_url`) → the value that was found. */
  readonly values: Readonly<Record<string, string>>;
}

/** Answer of `POST /credentials/compare`. Tells nothing of a value that differs. */
export interface CompareResult {
  readonly provider: string;
  /** The connection that was compared with; null when there is none. */
  readonly connection: string | null;
  /** Field name → how the value stands to the kept one; empty without a connection. */
  readonly fields: Readonly<Record<string, "same" | "different" | "missing">>;
}

/** A provider in a list or by itself: the definition and where it comes from. */
export interface ProviderItem extends ProviderDefinition {
  readonly source: ProviderSource;
  /** True for a custom definition with a bundled one's name. */
  readonly overrides_bundled: boolean;
}

/** `GET /providers`. */
export interface ProviderList {
  readonly bundled: readonly ProviderItem[];
  readonly custom: readonly ProviderItem[];
}

/** What a list shows of a provider. */
export type ProviderName = Pick<
  ProviderItem,
  "name" | "display_name" | "category" | "auth_type" | "source"
>;

/** `GET /provider-names`. */
export interface ProviderNames {
  readonly bundled: readonly ProviderName[];
  readonly custom: readonly ProviderName[];
}

/** `POST /providers`. */
export interface RegisterProviderRequest {
  /** As a person's file says it; parsed by the daemon. */
  readonly definition: unknown;
  readonly force?: boolean | undefined;
  readonly allow_private?: boolean | undefined;
}

/** Answer of registering and removing a provider. */
export interface ProviderChange {
  readonly status: "ok";
  readonly provider: string;
  /** `reset` when a bundled definition shows again; `unchanged` when it was never hidden. */
  readonly action: "registered" | "replaced" | "removed" | "reset" | "unchanged";
  /** Number of connections that went with a removed definition. */
  readonly connections?: number | undefined;
  readonly warnings: readonly string[];
}

/** Which entries of the audit log; every given field must fit. */
export interface AuditFilter {
  readonly event?: string | undefined;
  readonly provider?: string | undefined;
  readonly connection?: string | undefined;
  /** Handle of an identity. */
  readonly identity?: string | undefined;
  /** Id of a grant, or how it begins. */
  readonly run?: string | undefined;
  readonly status?: AuditEvent["status"] | undefined;
  /** Not older than this; ISO 8601. */
  readonly from?: string | undefined;
  /** Older than this; ISO 8601. */
  readonly to?: string | undefined;
}

/** Query of `GET /audit/events`. */
export interface AuditQuery extends AuditFilter {
  /** At most so many; 50 unless given. */
  readonly limit?: number | undefined;
  /** `next_cursor` of the page before. */
  readonly cursor?: string | undefined;
}

/** `GET /audit/events`: newest first. */
export interface AuditPage {
  readonly entries: readonly AuditLine[];
  /** Leads to the next page, which may be empty where a search goes on; null at the end. */
  readonly next_cursor: string | null;
}

/** Answer of `POST /audit/verify`. */
export interface AuditReport {
  readonly files: number;
  /** Lines that were read; up to the first fault. */
  readonly lines: number;
  /** Signatures that were checked. */
  readonly checkpoints: number;
  /** Sequence number of the last signed line; what is behind it is chained, not yet signed. */
  readonly signed_until: number;
  /** Sequence number of the last line that holds. */
  readonly head_seq: number;
  /** The first place that is not as it was written; null when there is none. */
  readonly fault: {
    readonly file: string;
    /** In that file, from 1. */
    readonly line: number;
    readonly seq: number | null;
    readonly problem: ChainProblem;
    /** One sentence for a person, with file and line. */
    readonly message: string;
  } | null;
}

/** `POST /proxy/usage`: what a run's proxy did since its last report. Never a path, never a query. */
export interface UsageReport {
  readonly uses: readonly {
    readonly provider: string;
    readonly connection: string;
    readonly host: string;
    readonly method: string;
    /** Begin of the minute, ISO 8601. */
    readonly minute: string;
    /** Answers by class: `2xx` … `5xx`, and `none` where the server did not answer. */
    readonly statuses: Readonly<Partial<Record<StatusClass, number>>>;
  }[];
  readonly denials: readonly {
    readonly host: string;
    /** Name of the error that the child was told. */
    readonly reason: string;
    readonly minute: string;
    readonly count: number;
  }[];
}

/** How a server answered. */
export type StatusClass = "1xx" | "2xx" | "3xx" | "4xx" | "5xx" | "none";

/** Answer of `POST /proxy/usage`. */
export interface UsageAnswer {
  readonly status: "ok";
  /** Entries that were written down. */
  readonly accepted: number;
  /** Entries that were not the run's to report. */
  readonly refused: number;
}
