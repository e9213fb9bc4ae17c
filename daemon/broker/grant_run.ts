/**
 * Grants: what the key of one `authsome run` may use, from when to when.
 *
 * @module
 */
import type { CreatedGrant, CreateGrantRequest, GrantItem } from "../../core/api.ts";
import { publicKeyOf } from "../../core/did_key.ts";
import { GrantDeniedError, InvalidRequestError } from "../../core/errors.ts";
import { type Grant, showScope } from "../../core/grant.ts";
import { readConnection } from "../records/connections.ts";
import {
  createGrant as keepGrant,
  endGrant as keepEnd,
  newGrantId,
  readGrant,
  renewGrant as keepRenewal,
} from "../records/grants.ts";
import { readIdentity } from "../records/identities.ts";
import type { Broker } from "./broker.ts";
import { auditedAs, type Caller, type OwnerCaller } from "./caller.ts";
import { connectionNotFound } from "./list_connections.ts";
import { narrowGrant } from "./narrow_grant.ts";
import { proxyRoutes } from "./proxy_routes.ts";

/** How long a grant lasts unless the run says otherwise, in seconds. */
const DEFAULT_LIFETIME_SECONDS = 3600;

/**
 * Lets a run identity use connections. The answer holds its routes, so that a run begins with one
 * question.
 *
 * @throws {InvalidRequestError} when the key is none. @throws {ProviderNotFoundError}
 * @throws {ConnectionNotFoundError} when a connection is named that does not exist.
 * @throws {GrantDeniedError} when the caller may not grant that, or nothing any more.
 */
export async function createGrant(
  broker: Broker,
  owner: OwnerCaller,
  asked: CreateGrantRequest,
): Promise<CreatedGrant> {
  const request = narrowGrant(owner, asked);
  const { run_did, only = null, connections = {}, label = "" } = request;
  const { expires_in = DEFAULT_LIFETIME_SECONDS } = request;
  if (publicKeyOf(run_did) === null) {
    throw new InvalidRequestError("Cannot grant: run_did is not an Ed25519 did:key", {
      issues: [{ path: "run_did", message: "is not an Ed25519 did:key" }],
    });
  }
  for (const { provider, connection } of only ?? []) {
    await checkConnection(broker, owner, provider, connection);
  }
  for (const [provider, connection] of Object.entries(connections)) {
    await checkConnection(broker, owner, provider, connection);
  }
  const now = broker.now();
  const grant: Grant = {
    id: newGrantId(),
    run_did,
    identity: owner.identity,
    principal_id: owner.principal_id,
    vault_id: owner.vault_id,
    only,
    connections,
    label,
    created_at: now,
    expires_at: inSeconds(now, expires_in),
    ended_at: null,
  };
  broker.audit({
    event: "grant_start",
    status: "success",
    identity: owner.identity,
    run: grant.id,
    details: { label, only: only?.map(showScope) ?? null, connections },
  });
  await keepGrant(broker.vault, grant);
  await checkStillLetIn(broker, owner, grant.id);
  return { ...showGrant(grant), proxy: await proxyRoutes(broker, { type: "run", grant }) };
}

/** Lets a grant of the owner's last `expires_in` seconds from now. @throws {GrantDeniedError} */
export async function renewGrant(
  broker: Broker,
  owner: OwnerCaller,
  id: string,
  expires_in: number,
): Promise<GrantItem> {
  await findGrant(broker, owner, id);
  const now = broker.now();
  const grant = await keepRenewal(broker.vault, id, inSeconds(now, expires_in), now);
  broker.changes.publish({ type: "grant", grant_id: id, ended: false });
  return showGrant(grant);
}

/** Ends a grant: the owner's, or the run's own under `self`. @throws {GrantDeniedError} */
export async function endGrant(broker: Broker, caller: Caller, id: string): Promise<GrantItem> {
  const { id: grantId, ended_at } = await findGrant(broker, caller, id);
  if (ended_at === null) {
    const { identity } = auditedAs(caller);
    const details = { by: caller.type };
    broker.audit({ event: "grant_end", status: "success", identity, run: grantId, details });
  }
  const grant = await keepEnd(broker.vault, grantId, broker.now());
  broker.changes.publish({
    type: "grant",
    grant_id: grantId,
    ended: true,
    ...(caller.type === "run" ? { itself: true } : {}),
  });
  return showGrant(grant);
}

/** A grant: the owner's, or the run's own under `self`. @throws {GrantDeniedError} */
export async function getGrant(broker: Broker, caller: Caller, id: string): Promise<GrantItem> {
  return showGrant(await findGrant(broker, caller, id));
}

async function findGrant(broker: Broker, caller: Caller, id: string): Promise<Grant> {
  const own = caller.type === "run" ? caller.grant : null;
  const wanted = id === "self" && own !== null ? own.id : id;
  const grant = await readGrant(broker.vault, wanted);
  const mine = caller.type === "run"
    ? grant?.id === caller.grant.id
    : grant?.principal_id === caller.principal_id &&
      (caller.runner === undefined || grant.identity === caller.identity);
  // Somebody else's looks like none: an id tells nothing.
  if (grant === null || !mine) {
    throw new GrantDeniedError("Cannot use the grant: there is no such grant");
  }
  return grant;
}

/**
 * Another machine's access may have been taken away since its request was let through. That writes
 * first and looks for grants afterwards; here the grant is written first: one of the two sees it.
 */
async function checkStillLetIn(broker: Broker, owner: OwnerCaller, id: string): Promise<void> {
  if (owner.runner === undefined) return;
  const identity = await readIdentity(broker.vault, owner.identity);
  if (identity?.did === owner.did) return;
  await keepEnd(broker.vault, id, broker.now());
  throw new GrantDeniedError("Cannot grant: this profile's access was taken away");
}

async function checkConnection(
  broker: Broker,
  owner: OwnerCaller,
  provider: string,
  connection: string | null,
): Promise<void> {
  const { name } = broker.catalogue.get(provider);
  if (connection === null) return;
  const ref = { provider: name, connection };
  if (await readConnection(broker.vault, owner.vault_id, ref) !== null) return;
  throw await connectionNotFound(broker, owner, ref);
}

function inSeconds(now: Date, seconds: number): Date {
  return new Date(now.getTime() + seconds * 1000);
}

function showGrant(grant: Grant): GrantItem {
  const { id, run_did, label, only, connections } = grant;
  return {
    id,
    run_did,
    label,
    only,
    connections,
    created_at: grant.created_at.toISOString(),
    expires_at: grant.expires_at.toISOString(),
    ended_at: grant.ended_at?.toISOString() ?? null,
  };
}
