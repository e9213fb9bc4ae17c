/**
 * Looks at a login, and gives one up.
 *
 * @module
 */
import type { Session } from "../../core/api.ts";
import type { Broker } from "./broker.ts";
import type { OwnerCaller } from "./caller.ts";
import { isOver, openOwnSession, saveSession, showSession } from "./login_session.ts";
import { takeBackClient } from "./take_back.ts";

/** How an owner's login stands. @throws {LoginNotFoundError} @throws {LoginExpiredError} */
export async function showLogin(broker: Broker, owner: OwnerCaller, id: string): Promise<Session> {
  return showSession(broker, await openOwnSession(broker, owner, id));
}

/**
 * Gives an owner's login up; one that is over stays as it is, and one that is only about to begin does
 * not begin. Throws as {@linkcode showLogin} does.
 */
export async function cancelLogin(
  broker: Broker,
  owner: OwnerCaller,
  id: string,
): Promise<Session> {
  broker.abandoned.add(owner, id);
  const open = await openOwnSession(broker, owner, id);
  if (isOver(open.record.data)) return showSession(broker, open);
  const { provider, connection, identity, purpose } = open.record.data;
  const details = { error: "InputCancelledError" };
  broker.audit({ event: purpose, status: "failure", provider, connection, identity, details });
  const cancelled = await saveSession(broker, open, {
    status: "cancelled",
    message: "The login was cancelled",
    inputs: [],
    doubtful: null,
    pending: null,
    client: null,
  });
  takeBackClient(broker, open);
  return showSession(broker, cancelled);
}
