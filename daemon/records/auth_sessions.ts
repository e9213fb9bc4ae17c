/**
 * Login sessions, kept so that a login outlives a restart of the daemon, and the index from an OAuth
 * `state` to its session. A session that is saved without its state has used it up, in the same
 * write: whatever happens to the daemon, a state is either still good or its session knows better.
 *
 * What a session is about is the caller's: `data` may hold dates and secrets.
 *
 * @module
 */
import type { Vault, VaultChange } from "../vault/vault.ts";
import {
  isId,
  SESSION_PREFIX,
  SESSION_STATE_PREFIX,
  sessionKey,
  sessionStateKey,
} from "./record_key.ts";
import { readSealedJson, writeSealedJson } from "./sealed_json.ts";

/** A login session as kept. */
export interface AuthSessionRecord<T> {
  /** `sess_` and 32 hex digits. */
  readonly id: string;
  readonly created_at: Date;
  readonly expires_at: Date;
  /** OAuth `state` (RFC 6749 section 10.12) that the callback will bring; null when none is awaited. */
  readonly state: string | null;
  readonly data: T;
}

/** A session as read, with the revision to give {@linkcode saveAuthSession} as `expected`. */
export interface ReadAuthSession<T> {
  readonly session: AuthSessionRecord<T>;
  readonly revision: number;
}

/** A new session id: `sess_` and 32 hex digits. */
export function newSessionId(): string {
  return `sess_${crypto.getRandomValues(new Uint8Array(16)).toHex()}`;
}

/**
 * Keeps a session, new (`expected` 0) or changed, and lets its `state` be taken once.
 *
 * @throws {VaultConflictError} when it was changed or removed since it was read.
 */
export async function saveAuthSession<T>(
  vault: Vault,
  session: AuthSessionRecord<T>,
  expected: number,
): Promise<void> {
  await vault.write(await authSessionChanges(vault, session, expected));
}

/** What {@linkcode saveAuthSession} writes, to be written together with something else. */
export async function authSessionChanges<T>(
  vault: Vault,
  session: AuthSessionRecord<T>,
  expected: number,
): Promise<readonly VaultChange[]> {
  const key = sessionKey(session.id);
  const before = expected === 0 ? null : await readAuthSession<T>(vault, session.id);
  const changes: VaultChange[] = [
    { type: "put", key, value: writeSealedJson({ schema_version: 1, ...session }), expected },
  ];
  if (session.state !== (before?.session.state ?? null)) {
    if (before !== null && before.session.state !== null) {
      changes.push({ type: "delete", key: await stateKey(before.session.state) });
    }
    if (session.state !== null) {
      const { id, expires_at } = session;
      const value = writeSealedJson({ schema_version: 1, id, expires_at });
      changes.push({ type: "put", key: await stateKey(session.state), value, expected: 0 });
    }
  }
  return changes;
}

/** The session, expired or not; null when there is none. The id may be anything a client sent. */
export async function readAuthSession<T>(
  vault: Vault,
  id: string,
): Promise<ReadAuthSession<T> | null> {
  if (!isId(id)) return null;
  const record = await vault.get(sessionKey(id));
  if (record === null) return null;
  return { session: decode<T>(record.value), revision: record.revision };
}

/** The id of the session that awaits `state`; null when none does, or none does any more. */
export async function findByState(vault: Vault, state: string): Promise<string | null> {
  const record = await vault.get(await stateKey(state));
  return record === null ? null : (readSealedJson(record.value) as { id: string }).id;
}

/** Every session, by id. */
export async function listAuthSessions<T>(
  vault: Vault,
): Promise<readonly AuthSessionRecord<T>[]> {
  return (await vault.list(SESSION_PREFIX)).map((record) => decode<T>(record.value));
}

/** Forgets the sessions (and states) that expired before `before`; gives the number of sessions. */
export async function pruneAuthSessions(vault: Vault, before: Date): Promise<number> {
  const expired = (value: string) =>
    (readSealedJson(value) as { expires_at: Date }).expires_at < before;
  const sessions = (await vault.list(SESSION_PREFIX)).filter(({ value }) => expired(value));
  const states = (await vault.list(SESSION_STATE_PREFIX)).filter(({ value }) => expired(value));
  await vault.write([...sessions, ...states].map(({ key }) => ({ type: "delete", key })));
  return sessions.length;
}

async function stateKey(state: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(state));
  return sessionStateKey(new Uint8Array(digest).toHex());
}

function decode<T>(text: string): AuthSessionRecord<T> {
  const { schema_version: _, ...session } = readSealedJson(text) as
    & AuthSessionRecord<T>
    & { schema_version: 1 };
  return session;
}
