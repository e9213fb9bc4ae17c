/**
 * Registered identities, and the principal and vault that the first of them makes.
 *
 * @module
 */
import { IdentityRegistrationError } from "../../core/errors.ts";
import type { GrantScope } from "../../core/grant.ts";
import type { Vault, VaultChange } from "../vault/vault.ts";
import { changeRecords } from "./change_records.ts";
import { didKeyKey, IDENTITY_PREFIX, identityKey, PRINCIPAL_KEY } from "./record_key.ts";

/** The owner of this home, and the namespace of the owner's connections. */
export interface Principal {
  /** `principal_` and 12 hex digits. */
  readonly principal_id: string;
  /** `vault_` and 12 hex digits. */
  readonly vault_id: string;
  readonly created_at: Date;
}

/** An identity that may sign requests. */
export interface RegisteredIdentityRecord {
  readonly handle: string;
  readonly did: string;
  readonly principal_id: string;
  readonly vault_id: string;
  readonly created_at: Date;
  /**
   * Of another machine, let in by the owner: it may grant runs (at most these connections; null: any)
   * and nothing else. Left out: an identity of the owner's own.
   */
  readonly runner?: Runner;
}

/** What an identity that was let in may use. */
export interface Runner {
  readonly only: readonly GrantScope[] | null;
}

/** The owner; null before the first identity is registered. */
export async function readPrincipal(vault: Vault): Promise<Principal | null> {
  const record = await vault.get(PRINCIPAL_KEY);
  return record === null ? null : decode<Principal>(record.value);
}

/** The identity with this handle, or null. */
export async function readIdentity(
  vault: Vault,
  handle: string,
): Promise<RegisteredIdentityRecord | null> {
  const record = await vault.get(identityKey(handle));
  return record === null ? null : decode<RegisteredIdentityRecord>(record.value);
}

/** Every identity, by handle. */
export async function listIdentities(vault: Vault): Promise<readonly RegisteredIdentityRecord[]> {
  const records = await vault.list(IDENTITY_PREFIX);
  return records.map((record) => decode<RegisteredIdentityRecord>(record.value));
}

/**
 * Registers an identity; the first one makes principal and vault. The same pair again gives what is
 * there. The caller has checked the proof and the registration token.
 *
 * @throws {IdentityRegistrationError} when the handle or the key is bound otherwise already.
 */
export async function registerIdentity(
  vault: Vault,
  { handle, did, runner }: {
    readonly handle: string;
    readonly did: string;
    readonly runner?: Runner;
  },
  now: Date,
): Promise<RegisteredIdentityRecord> {
  // Two first registrations at once write the same keys; the second meets a conflict, reads again
  // and joins the first one's principal. So there is never a second principal.
  return await changeRecords(vault, PRINCIPAL_KEY, async () => {
    const known = await readIdentity(vault, handle);
    const boundTo = (await vault.get(didKeyKey(did)))?.value ?? null;
    if (known !== null && known.did === did) return known;
    if (known !== null) {
      throw new IdentityRegistrationError(
        `Cannot register ${handle}: the handle belongs to another key`,
        { hint: "Run: authsome profile create" },
      );
    }
    if (boundTo !== null) {
      throw new IdentityRegistrationError(
        `Cannot register ${handle}: its key is registered as ${JSON.parse(boundTo).handle}`,
      );
    }
    const changes: VaultChange[] = [];
    const owner = await readPrincipal(vault);
    const principal = owner ?? newPrincipal(now);
    if (owner === null) {
      changes.push({ type: "put", key: PRINCIPAL_KEY, value: encode(principal), expected: 0 });
    }
    const { principal_id, vault_id } = principal;
    const identity = {
      handle,
      did,
      principal_id,
      vault_id,
      created_at: now,
      ...(runner === undefined ? {} : { runner }),
    };
    changes.push(
      { type: "put", key: identityKey(handle), value: encode(identity), expected: 0 },
      { type: "put", key: didKeyKey(did), value: encode({ handle }), expected: 0 },
    );
    await vault.write(changes);
    return identity;
  });
}

/** Forgets an identity; its key is a stranger's afterwards. */
export async function removeIdentity(
  vault: Vault,
  { handle, did }: Pick<RegisteredIdentityRecord, "handle" | "did">,
): Promise<void> {
  await vault.write([
    { type: "delete", key: identityKey(handle) },
    { type: "delete", key: didKeyKey(did) },
  ]);
}

function newPrincipal(now: Date): Principal {
  const id = () => crypto.getRandomValues(new Uint8Array(6)).toHex();
  return { principal_id: `principal_${id()}`, vault_id: `vault_${id()}`, created_at: now };
}

function encode(record: object): string {
  return JSON.stringify({ schema_version: 1, ...record });
}

function decode<T extends { readonly created_at: Date }>(text: string): T {
  const { schema_version: _, created_at, ...rest } = JSON.parse(text);
  return { ...rest, created_at: new Date(created_at) };
}
