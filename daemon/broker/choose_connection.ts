/**
 * Which connection a caller means, and may use: the one it names, its grant's choice, or the
 * provider's default.
 *
 * @module
 */
import type { ConnectionRef } from "../../core/connection.ts";
import { CredentialMissingError, GrantDeniedError } from "../../core/errors.ts";
import { grantedConnection } from "../../core/grant.ts";
import type { Broker } from "./broker.ts";
import { type Caller, vaultOf } from "./caller.ts";

/**
 * The connection for a request that names `provider` and perhaps a connection (null or empty: the
 * default). Whether it exists is for the reader to find out.
 *
 * @throws {GrantDeniedError} when a run asks for what its grant does not cover.
 * @throws {CredentialMissingError} when the default is asked for and there is none.
 */
export async function chooseConnection(
  broker: Broker,
  caller: Caller,
  provider: string,
  asked: string | null,
): Promise<ConnectionRef> {
  const wanted = asked === "" ? null : asked;
  if (caller.type === "owner") {
    return { provider, connection: wanted ?? await defaultOf(broker, caller, provider) };
  }
  const granted = grantedConnection(caller.grant, provider);
  if (granted === undefined) {
    throw new GrantDeniedError(`Cannot use ${provider}: this run was not granted it`, { provider });
  }
  const connection = granted ?? await defaultOf(broker, caller, provider);
  if (wanted !== null && wanted !== connection) {
    throw new GrantDeniedError(`Cannot use ${provider}/${wanted}: this run was granted another`, {
      provider,
      connection: wanted,
    });
  }
  return { provider, connection };
}

async function defaultOf(broker: Broker, caller: Caller, provider: string): Promise<string> {
  const found = await broker.defaults.of(vaultOf(caller), provider);
  if (found !== null) return found.default_connection;
  throw credentialMissing({ provider, connection: "default" });
}

/** Nobody is logged in there. */
export function credentialMissing(ref: ConnectionRef): CredentialMissingError {
  const name = ref.connection === "default" ? "" : ` --connection ${ref.connection}`;
  return new CredentialMissingError(`Cannot use ${ref.provider}: nobody is logged in`, {
    ...ref,
    hint: `Run: authsome login ${ref.provider}${name}`,
  });
}
