/**
 * The keys of all records. Every name in a key is checked here, so that no name can hold a `:` and
 * reach another record.
 *
 * @module
 */
import { InvalidInputError } from "../../core/errors.ts";
import type { ConnectionRef } from "../../core/connection.ts";
import { isName } from "../../core/provider.ts";

/** `vault:<vault_id>:providers`: the names of the providers that have connections. */
export function providersKey(vaultId: string): string {
  return `vault:${id(vaultId, "vault")}:providers`;
}

/** `vault:<vault_id>:<provider>:connection:<name>`. */
export function connectionKey(vaultId: string, ref: ConnectionRef): string {
  return `${providerPrefix(vaultId, ref.provider)}connection:${name(ref.connection, "connection")}`;
}

/** `vault:<vault_id>:<provider>:metadata`: the provider's default, and the head of its index. */
export function metadataKey(vaultId: string, provider: string): string {
  return `${providerPrefix(vaultId, provider)}metadata`;
}

/** `vault:<vault_id>:<provider>:metadata:<page>`: a page of connections' summaries. */
export function metadataPageKey(vaultId: string, provider: string, page: number): string {
  return `${metadataKey(vaultId, provider)}:${String(page).padStart(6, "0")}`;
}

/** `vault:<vault_id>:<provider>:state:<connection>`. */
export function stateKey(vaultId: string, ref: ConnectionRef): string {
  return `${statePrefix(vaultId, ref.provider)}${name(ref.connection, "connection")}`;
}

/** `vault:<vault_id>:<provider>:state:`. */
export function statePrefix(vaultId: string, provider: string): string {
  return `${providerPrefix(vaultId, provider)}state:`;
}

/** `vault:<vault_id>:<provider>:refresh:<connection>`. */
export function refreshKey(vaultId: string, ref: ConnectionRef): string {
  return `${providerPrefix(vaultId, ref.provider)}refresh:${name(ref.connection, "connection")}`;
}

/** `vault:<vault_id>:<provider>:`, what every record of a provider in this vault starts with. */
export function providerPrefix(vaultId: string, provider: string): string {
  return `vault:${id(vaultId, "vault")}:${name(provider, "provider")}:`;
}

/** `vault:<vault_id>:`, what every record of this vault starts with. */
export function vaultPrefix(vaultId: string): string {
  return `vault:${id(vaultId, "vault")}:`;
}

/** `server:provider:<provider>:client`. */
export function providerClientKey(provider: string): string {
  return `${CLIENT_PREFIX}${name(provider, "provider")}:client`;
}

/** What every OAuth client's key starts with. */
export const CLIENT_PREFIX = "server:provider:";

/** `server:restore`: definition files that a restore has still to write or remove. */
export const RESTORE_KEY = "server:restore";

/** `server:identity:<handle>`. */
export function identityKey(handle: string): string {
  return `${IDENTITY_PREFIX}${name(handle, "profile")}`;
}

/** What every identity's key starts with. */
export const IDENTITY_PREFIX = "server:identity:";

/** `server:did:<multibase key>` → handle, so that one key pair has one handle. */
export function didKeyKey(did: string): string {
  const key = /^did:key:(z[1-9A-HJ-NP-Za-km-z]{40,60})$/.exec(did)?.[1];
  if (key === undefined) throw new InvalidInputError("Cannot use this DID: it is not a did:key");
  return `server:did:${key}`;
}

/** The owner: principal and vault. */
export const PRINCIPAL_KEY = "server:principal";

/** `server:grant:<id>`. */
export function grantKey(grantId: string): string {
  return `${GRANT_PREFIX}${id(grantId, "grant")}`;
}

/** What every grant's key starts with. */
export const GRANT_PREFIX = "server:grant:";

/** `server:session:<id>`. */
export function sessionKey(sessionId: string): string {
  return `${SESSION_PREFIX}${id(sessionId, "session")}`;
}

/** What every login session's key starts with. */
export const SESSION_PREFIX = "server:session:";

/** `server:session_state:<sha256>` → session id. Keys are readable, so the state itself is hashed. */
export function sessionStateKey(stateHash: string): string {
  return `${SESSION_STATE_PREFIX}${id(stateHash, "session")}`;
}

/** What every `state` index key starts with. */
export const SESSION_STATE_PREFIX = "server:session_state:";

/** Whether an id of ours may be looked up: what comes from a URL may be anything. */
export function isId(text: string): boolean {
  return /^[a-z0-9_]{1,80}$/.test(text);
}

function name(text: string, what: string): string {
  if (!isName(text)) {
    throw new InvalidInputError(`Cannot use this ${what} name: it breaks the rule for names`, {
      hint: "Names are lower-case letters, digits, dot, dash and underscore, at most 64",
    });
  }
  return text;
}

function id(text: string, what: string): string {
  if (!isId(text)) throw new InvalidInputError(`Cannot use this ${what} id: it is malformed`);
  return text;
}
