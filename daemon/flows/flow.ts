/**
 * What a login flow is: it asks for inputs, begins, and ends in a grant of tokens. A flow talks to
 * the provider and to nobody else; it does not know where its result is kept.
 *
 * @module
 */
import type { InputField } from "../../core/api.ts";
import type { Account } from "../../core/connection.ts";
import type { ProviderClient } from "../../core/provider_client.ts";
import type { ProviderDefinition } from "../../core/provider.ts";
import type { Secret } from "../../core/secret.ts";
import type { Outbound } from "../oauth/outbound.ts";

// Records keep it, and records may not import flows: it lives in core.
export type { ProviderClient };

/** What a login ends with. */
export interface TokenGrant {
  /** `access_token`, `refresh_token`, `api_key`, or the definition's field names. */
  readonly secrets: Readonly<Record<string, Secret>>;
  readonly token_type: string | null;
  readonly expires_at: Date | null;
  /** As requested where the provider did not say (RFC 6749 section 5.1); null when none were. */
  readonly granted_scopes: readonly string[] | null;
  readonly account: Account;
  /** The base URL that was logged in with, in its normal form; null when the provider has none. */
  readonly base_url: string | null;
  /** Where the provider said its API lives for this account, if it did. */
  readonly api_url: string | null;
  /** Facts needed later (endpoints found by discovery, say); no secrets. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** What a login is about. */
export interface LoginRequest {
  readonly provider: ProviderDefinition;
  readonly client: ProviderClient | null;
  readonly base_url: string | null;
  /** Asked for by the person; null: the client's, then the definition's. */
  readonly scopes: readonly string[] | null;
  /** Exact redirect URI on the loopback (RFC 8252 section 7.3). */
  readonly redirect_uri: string;
}

/** What a flow needs from its surroundings. */
export type FlowContext = Outbound;

/** The endpoints a login goes to, from the definition or from discovery. */
export interface AuthorizationServer {
  /** null where the login needs none. */
  readonly authorization_endpoint: string | null;
  readonly token_endpoint: string;
  readonly userinfo_endpoint: string | null;
  /** Only where discovery found it. */
  readonly revocation_endpoint: string | null;
  /** Expected `iss`; null where it is not known. */
  readonly issuer: string | null;
  /** RFC 9207: an authorization response without `iss` is not this server's. */
  readonly iss_required: boolean;
  /** RFC 8707: what the token is for. */
  readonly resource: string | null;
  /** True where the endpoints are not the definition's and must be kept with the connection. */
  readonly discovered: boolean;
}

/** What is remembered between the redirect (or the device code) and the end. Sealed while it is kept. */
export type PendingLogin =
  | {
    readonly type: "authorization_code";
    readonly state: string;
    readonly nonce: string | null;
    readonly code_verifier: Secret | null;
    readonly redirect_uri: string;
    readonly client: ProviderClient;
    readonly scopes: readonly string[];
    readonly server: AuthorizationServer;
  }
  | {
    readonly type: "device_code";
    readonly device_code: Secret;
    /** The pace of polling; a poll's answer may slow it down from then on. */
    readonly interval_seconds: number;
    readonly client: ProviderClient;
    readonly scopes: readonly string[];
    readonly server: AuthorizationServer;
  };

/** Where a flow stands after a step. `client`, where given, is to be kept for the provider. */
export type LoginStep =
  | {
    readonly type: "authorize";
    readonly url: string;
    readonly pending: PendingLogin;
    readonly client: ProviderClient | null;
  }
  | {
    readonly type: "device";
    readonly user_code: string;
    readonly verification_uri: string;
    readonly verification_uri_complete: string | null;
    readonly expires_at: Date;
    readonly pending: PendingLogin;
    readonly client: ProviderClient | null;
  }
  | {
    readonly type: "granted";
    readonly grant: TokenGrant;
    readonly client: ProviderClient | null;
    readonly warnings: readonly string[];
  };

/** Answer of one poll of a device login. */
export type PollResult =
  /** RFC 8628 section 3.5: ask again after so many seconds from now on. */
  | { readonly type: "pending"; readonly interval_seconds: number }
  | { readonly type: "granted"; readonly grant: TokenGrant };

/** One way to log in. */
export interface LoginFlow {
  /** What must be asked before it can begin; empty when nothing is missing. */
  inputs(login: LoginRequest): readonly InputField[];
  /**
   * Begins with the values that were asked for, by field name.
   *
   * @throws {AuthsomeError} of the class that fits: bad input, discovery, registration, endpoint.
   */
  begin(
    login: LoginRequest,
    values: Readonly<Record<string, Secret>>,
    context: FlowContext,
  ): Promise<LoginStep>;
  /** Ends an authorization code flow with the query of the callback. */
  complete?(
    login: LoginRequest,
    pending: PendingLogin,
    callback: URLSearchParams,
    context: FlowContext,
  ): Promise<TokenGrant>;
  /** Asks a device flow's token endpoint once. */
  poll?(login: LoginRequest, pending: PendingLogin, context: FlowContext): Promise<PollResult>;
}
