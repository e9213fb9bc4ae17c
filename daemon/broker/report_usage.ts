/**
 * Takes in what was done with credentials: which hosts, which methods, how the servers answered. A
 * run's proxy reports it, and so may whoever resolves credentials by itself.
 *
 * The caller says so of itself, so it can leave something out or make something up; what it was
 * handed is the daemon's own count (`usage_ledger.ts`). It can say nothing of others: the lines bear
 * its own name, and connections that a run's grant does not cover are refused.
 *
 * @module
 */
import type { UsageAnswer, UsageReport } from "../../core/api.ts";
import type { AuditEvent } from "../../core/audit_chain.ts";
import { grantedConnection } from "../../core/grant.ts";
import { readDefaultConnection } from "../records/connection_index.ts";
import { readConnection } from "../records/connections.ts";
import type { Broker } from "./broker.ts";
import { auditedAs, type Caller, vaultOf } from "./caller.ts";
import { shownMethod } from "./usage_ledger.ts";

/** Writes a report down, all of it in one go. @throws {StoreUnavailableError} */
export async function reportUsage(
  broker: Broker,
  caller: Caller,
  { uses, denials }: UsageReport,
): Promise<UsageAnswer> {
  const who = auditedAs(caller);
  const events: AuditEvent[] = [];
  for (const { provider, connection, host, method, minute, statuses } of uses) {
    if (!await isCovered(broker, caller, provider, connection)) continue;
    const count = Object.values(statuses).reduce((sum, n) => sum + n, 0);
    if (count === 0) continue;
    const details = { host, method: shownMethod(method), minute, count, statuses };
    events.push({ event: "use", status: "success", provider, connection, ...who, details });
  }
  for (const { host, reason, minute, count } of denials) {
    const details = { host, reason, minute, count };
    events.push({ event: "proxy_deny", status: "denied", ...who, details });
  }
  const accepted = broker.usage.admitReport(caller, events.length);
  broker.audit(...events.slice(0, accepted));
  return { status: "ok", accepted, refused: uses.length + denials.length - accepted };
}

/** A connection that the caller may use: for a run, the one that its grant names, or any where it names none. */
async function isCovered(
  { vault, catalogue }: Broker,
  caller: Caller,
  provider: string,
  connection: string,
): Promise<boolean> {
  const granted = caller.type === "run" ? grantedConnection(caller.grant, provider) : null;
  if (granted === undefined) return false;
  if (granted !== null) return granted === connection;
  // The default may have changed, or the last connection may be gone, since the request was sent.
  const ref = { provider, connection };
  if (await readConnection(vault, vaultOf(caller), ref) !== null) return true;
  return catalogue.find(provider) !== null &&
    await readDefaultConnection(vault, vaultOf(caller), provider) === null;
}
