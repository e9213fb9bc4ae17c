/**
 * Who sent a request, once its proof is checked.
 *
 * @module
 */
import { GrantDeniedError } from "../../core/errors.ts";
import type { Grant, GrantScope } from "../../core/grant.ts";

/** A registered identity: may do everything with its own vault. */
export interface OwnerCaller {
  readonly type: "owner";
  /** Handle. */
  readonly identity: string;
  readonly did: string;
  readonly principal_id: string;
  readonly vault_id: string;
  /** Of another machine, let in to run programs: at most with these connections (null: any). */
  readonly runner?: { readonly only: readonly GrantScope[] | null };
}

/** The key of one `authsome run`: may use what its grant says, and read nothing. */
export interface RunCaller {
  readonly type: "run";
  readonly grant: Grant;
}

/** Whoever signed the request. */
export type Caller = OwnerCaller | RunCaller;

/** The caller as an owner. @throws {GrantDeniedError} for a run identity. */
export function asOwner(caller: Caller): OwnerCaller {
  if (caller.type === "owner") return caller;
  throw new GrantDeniedError("Cannot do this with a run identity: it may use credentials only");
}

/** The vault a caller's connections are in. */
export function vaultOf(caller: Caller): string {
  return caller.type === "owner" ? caller.vault_id : caller.grant.vault_id;
}

/** Whose stream of changes it is, in words for the log; two callers never share it. */
export function watcherName(caller: Caller): string {
  if (caller.type === "owner") return `profile ${caller.identity}`;
  const { id, label } = caller.grant;
  return label === "" ? `run ${id}` : `run ${id} (${label})`;
}

/** Who is to blame, in the words of the audit log. */
export function auditedAs(caller: Caller): { identity: string; run: string | null } {
  return caller.type === "owner"
    ? { identity: caller.identity, run: null }
    : { identity: caller.grant.identity, run: caller.grant.id };
}
