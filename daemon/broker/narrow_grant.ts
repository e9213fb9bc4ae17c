/**
 * What an identity that was let in may grant its runs: no more than its owner said when it was.
 *
 * @module
 */
import type { CreateGrantRequest } from "../../core/api.ts";
import { GrantDeniedError } from "../../core/errors.ts";
import { type GrantScope, showScope } from "../../core/grant.ts";
import type { OwnerCaller } from "./caller.ts";

type Asked = Required<Pick<CreateGrantRequest, "only" | "connections">>;

/**
 * The request within the caller's limits.
 *
 * @throws {GrantDeniedError} when it asks for something by name that lies outside of them.
 */
export function narrowGrant<R extends CreateGrantRequest>(
  { runner }: OwnerCaller,
  request: R,
): R & Partial<Asked> {
  const limits = runner?.only ?? null;
  if (limits === null) return request;
  const { only = null, connections = {} } = request;
  const scopeOf = (provider: string) => limits.find((limit) => limit.provider === provider);
  for (const [provider, connection] of Object.entries(connections)) {
    if (scopeOf(provider)?.connection !== connection) throw outside(provider, connection);
  }
  const narrowed = only === null ? limits : only.map(({ provider, connection }): GrantScope => {
    const limit = scopeOf(provider);
    if (limit === undefined) throw outside(provider, connection);
    if (connection !== null && connection !== limit.connection) throw outside(provider, connection);
    return limit;
  });
  return { ...request, only: narrowed };
}

function outside(provider: string, connection: string | null): GrantDeniedError {
  const asked = showScope({ provider, connection });
  return new GrantDeniedError(`Cannot grant ${asked}: this profile was let in for other logins`, {
    provider,
    hint: "On the daemon's machine: authsome profile remove HANDLE, then accept it anew",
  });
}
