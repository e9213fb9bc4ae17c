/**
 * Grants of runs, kept so that a run outlives a restart of the daemon.
 *
 * @module
 */
import { GrantDeniedError } from "../../core/errors.ts";
import { type Grant, isInForce } from "../../core/grant.ts";
import type { Vault } from "../vault/vault.ts";
import { changeRecords } from "./change_records.ts";
import { GRANT_PREFIX, grantKey, isId } from "./record_key.ts";

/** A new grant id: `grant_` and 24 hex digits. */
export function newGrantId(): string {
  return `grant_${crypto.getRandomValues(new Uint8Array(12)).toHex()}`;
}

/**
 * Keeps a new grant.
 *
 * @throws {VaultConflictError} when its id is taken.
 */
export async function createGrant(vault: Vault, grant: Grant): Promise<void> {
  await vault.write([{ type: "put", key: grantKey(grant.id), value: encode(grant), expected: 0 }]);
}

/** The grant, in force or not; null when there is none. The id may be anything a client sent. */
export async function readGrant(vault: Vault, id: string): Promise<Grant | null> {
  if (!isId(id)) return null;
  const record = await vault.get(grantKey(id));
  return record === null ? null : decode(record.value);
}

/**
 * Lets a grant last until `expires_at`.
 *
 * @throws {GrantDeniedError} when it is unknown, has ended or has expired: that is for good.
 */
export async function renewGrant(
  vault: Vault,
  id: string,
  expires_at: Date,
  now: Date,
): Promise<Grant> {
  return await changeGrant(vault, id, (grant) => {
    if (!isInForce(grant, now)) {
      throw new GrantDeniedError("Cannot renew the grant: it has ended", { operation: "renew" });
    }
    return { ...grant, expires_at };
  });
}

/**
 * Ends a grant at `now`; one that has ended stays as it is.
 *
 * @throws {GrantDeniedError} when it is unknown.
 */
export async function endGrant(vault: Vault, id: string, now: Date): Promise<Grant> {
  return await changeGrant(
    vault,
    id,
    (grant) => grant.ended_at === null ? { ...grant, ended_at: now } : grant,
  );
}

/** Every grant, in force or not, by id. */
export async function listGrants(vault: Vault): Promise<readonly Grant[]> {
  return (await vault.list(GRANT_PREFIX)).map((record) => decode(record.value));
}

/** Forgets the grants that ended or expired before `before`; gives their number. */
export async function pruneGrants(vault: Vault, before: Date): Promise<number> {
  const old = (await vault.list(GRANT_PREFIX)).filter((record) => {
    const grant = decode(record.value);
    return (grant.ended_at ?? grant.expires_at) < before;
  });
  // Without `expected`: nothing brings an ended grant back to life.
  await vault.write(old.map(({ key }) => ({ type: "delete", key })));
  return old.length;
}

async function changeGrant(
  vault: Vault,
  id: string,
  change: (grant: Grant) => Grant,
): Promise<Grant> {
  if (!isId(id)) throw unknownGrant();
  const key = grantKey(id);
  return await changeRecords(vault, key, async () => {
    const record = await vault.get(key);
    if (record === null) throw unknownGrant();
    const before = decode(record.value);
    const after = change(before);
    if (after !== before) {
      await vault.write([{
        type: "put",
        key,
        value: encode(after),
        expected: record.revision,
      }]);
    }
    return after;
  });
}

function unknownGrant(): GrantDeniedError {
  return new GrantDeniedError("Cannot use the grant: there is no such grant");
}

function encode(grant: Grant): string {
  return JSON.stringify({ schema_version: 1, ...grant });
}

function decode(text: string): Grant {
  const { schema_version: _, created_at, expires_at, ended_at, ...rest } = JSON.parse(text);
  return {
    ...rest,
    created_at: new Date(created_at),
    expires_at: new Date(expires_at),
    ended_at: ended_at === null ? null : new Date(ended_at),
  };
}
