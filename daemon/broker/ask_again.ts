/**
 * A second chance: what the provider did not accept is asked for once more, with the reason.
 *
 * @module
 */
import type { InputField } from "../../core/api.ts";
import { InvalidInputError } from "../../core/errors.ts";
import type { LoginRequest } from "../flows/flow.ts";
import type { Broker } from "./broker.ts";
import { type OpenSession, saveSession } from "./login_session.ts";
import { isClientRefused } from "./refused_client.ts";

/**
 * Has the session wait for the values again when `error` is about them; gives the error to throw, or
 * null when typing again would not help.
 */
export async function askAgain(
  broker: Broker,
  open: OpenSession,
  login: LoginRequest,
  error: unknown,
): Promise<InvalidInputError | null> {
  const wrong = error instanceof InvalidInputError ? error : asRefusedClient(error);
  if (wrong === null) return null;
  const inputs = fieldsFor(broker, open, login, error);
  if (inputs.length === 0) return null;
  await saveSession(broker, open, {
    status: "waiting_for_user",
    inputs,
    asked: inputs,
    typed: enteredBefore(open),
    problem: wrong.hint === undefined ? wrong.message : `${wrong.message}. ${wrong.hint}`,
    doubtful: null,
    authorization_url: null,
    device: null,
    pending: null,
    client: null,
  });
  return wrong;
}

function asRefusedClient(error: unknown): InvalidInputError | null {
  if (!isClientRefused(error)) return null;
  return new InvalidInputError(error.message, {
    provider: error.provider,
    operation: "login",
    issues: [{ path: "client_secret", message: "the provider refused the client" }],
    hint: "Check the client ID and the client secret, and enter them again",
    cause: error,
  });
}

function enteredBefore({ record: { data: { pending } } }: OpenSession): Record<string, string> {
  return pending === null
    ? {}
    : { client_id: pending.client.client_id, scopes: pending.scopes.join(" ") };
}

/** What was asked before; of a client that was kept from an earlier login, its own fields. */
function fieldsFor(
  broker: Broker,
  { record: { data } }: OpenSession,
  login: LoginRequest,
  error: unknown,
): readonly InputField[] {
  if (data.asked.length > 0 || error instanceof InvalidInputError) return data.asked;
  return broker.flows[data.flow].inputs({ ...login, client: null });
}
