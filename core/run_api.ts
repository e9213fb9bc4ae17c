/**
 * What `authsome run` and its proxy exchange with the daemon: routes, grants, resolved credentials.
 *
 * @module
 */
import type { GrantScope } from "./grant.ts";
import type { FilledInjection } from "./injection.ts";

/** `POST /credentials/resolve`: by host, or by provider. */
export interface ResolveRequest {
  readonly host?: string | undefined;
  /** The authority's. Without it, rules of every port count. */
  readonly port?: number | undefined;
  readonly path?: string | undefined;
  readonly method?: string | undefined;
  readonly provider?: string | undefined;
  readonly connection?: string | null | undefined;
  /** An access token the provider just refused with 401: refresh although it looks fresh. */
  readonly rejected_at?: string | undefined;
}

/** Answer of `POST /credentials/resolve`. */
export interface ResolvedCredential {
  readonly provider: string;
  readonly connection: string;
  /** What the proxy does to the request, in order. */
  readonly injections: readonly FilledInjection[];
  /** Those of them that are headers, for programs that know nothing else. */
  readonly headers: Readonly<Record<string, string>>;
  /** When the connection got it. Sent back as `rejected_at` when the provider refuses it. */
  readonly obtained_at: string;
  readonly expires_at: string | null;
  /** Whether there may be another one when it is refused; a key stays what it is. */
  readonly refreshable: boolean;
  readonly source: "local";
}

/** One host rule of a connection, as the proxy matches it. */
export interface ProxyRoute {
  readonly provider: string;
  readonly connection: string;
  /** Host pattern as in `host_pattern.ts`. */
  readonly host: string;
  /** The one port that the definition or the base URL names; null: none. */
  readonly port: number | null;
  /** Path prefix, `""` for all. */
  readonly path: string;
  /** The same in the reference's words: host and path, or `regex:…`. */
  readonly api_url: string;
  /** Which of the definition's host rules; echoed when resolving by provider. */
  readonly rule: number;
  /** When the connection became its provider's default; the later one wins a tie. */
  readonly default_since: string | null;
  /** Token endpoints and the like: requests there never get a credential. */
  readonly auth_endpoints: readonly { readonly host: string; readonly path: string }[];
  readonly auth_endpoint_paths: readonly string[];
  /** True where the definition was registered with `--allow-private`. */
  readonly allow_private: boolean;
  /** True where, besides, no base URL says `https:`; then plain http will do. */
  readonly allow_plain: boolean;
}

/** An environment variable that the child gets a placeholder in. */
export interface PlaceholderVariable {
  readonly name: string;
  readonly provider: string;
  readonly connection: string;
  /** Field of the credential. */
  readonly field: string;
  /** Regular expression the real value follows, if known. */
  readonly pattern: string | null;
  /** A value that is no secret (a base URL, an account id), to be set as it is. */
  readonly value: string | null;
}

/** `GET /proxy/routes`. */
export interface ProxyRoutes {
  readonly routes: readonly ProxyRoute[];
  readonly environment: readonly PlaceholderVariable[];
  /** Host patterns of all known definitions, for the run CA's name constraints. */
  readonly known_hosts: readonly string[];
  /** Grows with every change; the same number means the same routes. */
  readonly revision: number;
}

/** An event of `GET /proxy/events` (server-sent events; `event:` is the type). */
export type ProxyEvent =
  /**
   * First event, and whenever routes or credentials changed. With `confirm` the owner's answer waits
   * until `POST /proxy/events/confirm` says that nothing from before is used any more.
   */
  | { readonly type: "change"; readonly revision: number; readonly confirm?: true }
  /** The grant has ended, or the profile was removed; nothing more will be resolved. */
  | { readonly type: "ended" };

/** `POST /proxy/events/confirm`: of the last event that asked for it. */
export interface ConfirmRequest {
  readonly revision: number;
}

/** Answer of `POST /proxy/events/confirm`. */
export interface ConfirmAnswer {
  readonly status: "ok";
}

/** `POST /grants`. */
export interface CreateGrantRequest {
  readonly run_did: string;
  readonly only?: readonly GrantScope[] | null | undefined;
  readonly connections?: Readonly<Record<string, string>> | undefined;
  readonly label?: string | undefined;
  /** Seconds, at most 86400; the run renews it. */
  readonly expires_in?: number | undefined;
}

/** A grant on the wire. */
export interface GrantItem {
  readonly id: string;
  readonly run_did: string;
  readonly label: string;
  readonly only: readonly GrantScope[] | null;
  readonly connections: Readonly<Record<string, string>>;
  readonly created_at: string;
  readonly expires_at: string;
  readonly ended_at: string | null;
}

/** Answer of `POST /grants`: the grant, and what the run's proxy must know before it can begin. */
export interface CreatedGrant extends GrantItem {
  /** What `GET /proxy/routes` says to the run. */
  readonly proxy: ProxyRoutes;
}
