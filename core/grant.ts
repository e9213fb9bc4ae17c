/**
 * A grant: what one `authsome run` may use, and from when to when.
 *
 * @module
 */
import { isName } from "./provider.ts";

/** One entry of `--only`: a provider, with its default connection or a named one. */
export interface GrantScope {
  readonly provider: string;
  /** null: the provider's default connection, whichever that is at the moment. */
  readonly connection: string | null;
}

/** `github` or `openai/work`. */
export function showScope({ provider, connection }: GrantScope): string {
  return connection === null ? provider : `${provider}/${connection}`;
}

/** The scope that a person wrote; null when it is none. */
export function readScope(text: string): GrantScope | null {
  const [provider = "", connection = null, ...more] = text.trim().split("/");
  const isScope = isName(provider) && (connection === null || isName(connection));
  return isScope && more.length === 0 ? { provider, connection } : null;
}

/** What somebody was let in for, in words. */
export function showLetInFor(only: readonly GrantScope[] | null): string {
  return only === null ? "every login" : only.map(showScope).join(", ");
}

/** A run identity's rights. */
export interface Grant {
  /** `grant_` and 24 hex digits; the `sub` of the run identity's proofs. */
  readonly id: string;
  /** `did:key` of the run identity; the `iss` of its proofs. */
  readonly run_did: string;
  /** Handle of the owner identity that asked. */
  readonly identity: string;
  readonly principal_id: string;
  readonly vault_id: string;
  /** null: every provider's default connection, also of logins made later. */
  readonly only: readonly GrantScope[] | null;
  /** Provider → connection used instead of the default. */
  readonly connections: Readonly<Record<string, string>>;
  /** Program name of the child, for people; never its arguments. */
  readonly label: string;
  readonly created_at: Date;
  readonly expires_at: Date;
  readonly ended_at: Date | null;
}

/** Whether the grant is in force at `now`. */
export function isInForce(grant: Grant, now: Date): boolean {
  return grant.ended_at === null && now < grant.expires_at;
}

/**
 * The connection name the grant gives for a provider: a name, `null` for the provider's default
 * connection, or `undefined` when the grant does not cover the provider.
 */
export function grantedConnection(
  grant: Pick<Grant, "only" | "connections">,
  provider: string,
): string | null | undefined {
  const override = Object.hasOwn(grant.connections, provider) ? grant.connections[provider] : null;
  if (grant.only === null) return override ?? null;
  const scope = grant.only.find((entry) => entry.provider === provider);
  if (scope === undefined) return undefined;
  return scope.connection ?? override ?? null;
}
