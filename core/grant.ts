/**
 * A grant: what one `authsome run` may use, and from when to when.
 *
 * @module
 */

/** One entry of `--only`: a provider, with its default connection or a named one. */
export interface GrantScope {
  readonly provider: string;
  /** null: the provider's default connection, whichever that is at the moment. */
  readonly connection: string | null;
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
