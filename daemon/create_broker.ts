/**
 * Puts a broker together: what is given, and the memory it keeps of what it read.
 *
 * @module
 */
import type { Broker } from "./broker/broker.ts";
import { AbandonedLogins } from "./broker/abandoned_logins.ts";
import { ChangeHub } from "./broker/change_hub.ts";
import { Confirmations } from "./broker/confirmations.ts";
import { DefaultConnections } from "./broker/default_connections.ts";
import { Exchanges } from "./broker/exchanges.ts";
import { KnownCallers } from "./broker/known_callers.ts";
import { Refreshes } from "./broker/refreshes.ts";
import { RequestGate } from "./broker/request_gate.ts";
import { UsageLedger } from "./broker/usage_ledger.ts";

/** What a broker cannot make itself. */
export interface BrokerParts extends GivenParts {
  /** How long a change waits for the runs, in milliseconds. */
  readonly confirmPatienceMs?: number;
}

type GivenParts = Omit<
  Broker,
  | "abandoned"
  | "changes"
  | "confirmations"
  | "defaults"
  | "callers"
  | "exchanges"
  | "gate"
  | "refreshes"
  | "usage"
>;

/** A broker over its parts. */
export function createBroker({ confirmPatienceMs, ...parts }: BrokerParts): Broker {
  const { vault, now } = parts;
  // Milliseconds: a later daemon's revisions are greater than any that an earlier one told.
  const changes = new ChangeHub(now().getTime());
  const usage = new UsageLedger(parts);
  const sources = { vault, now, changes, usage };
  return {
    ...parts,
    changes,
    confirmations: new Confirmations(parts.warn, confirmPatienceMs),
    gate: new RequestGate(),
    defaults: new DefaultConnections(sources),
    callers: new KnownCallers(sources),
    abandoned: new AbandonedLogins(),
    exchanges: new Exchanges(),
    refreshes: new Refreshes(),
    usage,
  };
}
