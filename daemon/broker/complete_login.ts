/**
 * The steps of a login behind its beginning: values come in, the browser comes back, the device is
 * confirmed; and what each of them leads to.
 *
 * @module
 */
import type { Session } from "../../core/api.ts";
import {
  AuthorizationResponseError,
  InvalidInputError,
  VaultConflictError,
} from "../../core/errors.ts";
import { Secret } from "../../core/secret.ts";
import type { FlowContext, LoginRequest, LoginStep } from "../flows/flow.ts";
import { findByState } from "../records/auth_sessions.ts";
import { allowEndpoints } from "./allow_endpoints.ts";
import type { Broker } from "./broker.ts";
import type { OwnerCaller } from "./caller.ts";
import { askAgain } from "./ask_again.ts";
import { endUnkept, failLogin, finishLogin } from "./finish_login.ts";
import { flowContext } from "./flow_context.ts";
import {
  isOver,
  loginRequest,
  openOwnSession,
  type OpenSession,
  openSession,
  saveSession,
  SESSION_LIFETIME_SECONDS,
  showSession,
} from "./login_session.ts";
import { pollLogin } from "./poll_login.ts";
import { forgetRegistration, isClientRefused } from "./refused_client.ts";

/**
 * Gives an owner's login the values it asks for, or an OAuth login its `code` and `state`.
 *
 * @throws {LoginNotFoundError} @throws {LoginExpiredError} @throws {InvalidInputError} for a value
 * that cannot be used; the login then still waits. @throws {AuthsomeError} what the flow throws.
 */
export async function resumeLogin(
  broker: Broker,
  owner: OwnerCaller,
  id: string,
  data: Readonly<Record<string, string>>,
): Promise<Session> {
  const open = await openOwnSession(broker, owner, id);
  if (isOver(open.record.data)) return showSession(broker, open);
  if (open.record.data.pending?.type === "authorization_code" && Object.hasOwn(data, "state")) {
    return showSession(broker, await completeCallback(broker, new URLSearchParams(data), open));
  }
  return showSession(broker, await advanceLogin(broker, open, readValues(open, data)));
}

/**
 * Ends an authorization code login with the query the provider sent the browser back with. Each
 * `state` works once.
 *
 * @throws {AuthorizationResponseError} when the state is unknown or used. @throws {LoginExpiredError}
 * @throws {AuthsomeError} what the flow throws.
 */
export async function completeCallback(
  broker: Broker,
  query: URLSearchParams,
  expected: OpenSession | null = null,
): Promise<OpenSession> {
  const state = query.get("state") ?? "";
  const id = state === "" ? null : await findByState(broker.vault, state);
  if (id === null || (expected !== null && expected.record.id !== id)) {
    throw new AuthorizationResponseError(
      "Cannot finish the login: its state is unknown or was used before",
      { hint: "Run: authsome login PROVIDER, and use the page it opens" },
    );
  }
  const open = await openSession(broker, id);
  const { pending, flow } = open.record.data;
  const complete = broker.flows[flow].complete;
  if (pending === null || complete === undefined || isOver(open.record.data)) {
    throw new AuthorizationResponseError("Cannot finish the login: it does not wait for this");
  }
  const exchanged = step(broker, open, async (login, context) => ({
    type: "granted",
    grant: await complete(login, pending, query, context),
    client: null,
    warnings: [],
  }));
  return await broker.exchanges.during(exchanged);
}

/** Lets the flow begin with the values and does what it says. Throws what the flow throws. */
export async function advanceLogin(
  broker: Broker,
  open: OpenSession,
  values: Readonly<Record<string, Secret>>,
): Promise<OpenSession> {
  const flow = broker.flows[open.record.data.flow];
  return await step(
    broker,
    open,
    (login, context) => flow.begin(login, values, context),
    values["base_url"]?.reveal() ?? null,
  );
}

/** The values a session asks for, out of what somebody sent. @throws {InvalidInputError} */
export function readValues(
  { record: { data: { inputs, provider } } }: OpenSession,
  sent: Readonly<Record<string, string>>,
): Record<string, Secret> {
  const values: Record<string, Secret> = {};
  for (const [name, value] of Object.entries(sent)) {
    if (!inputs.some((field) => field.name === name)) {
      const names = inputs.map((field) => field.name).join(", ");
      throw new InvalidInputError(
        `Cannot log in to ${provider}: a field was given that is not asked for`,
        {
          provider,
          issues: [{ path: `data.${name}`, message: `asked for: ${names || "nothing"}` }],
        },
      );
    }
    values[name] = new Secret(value);
  }
  return values;
}

type Take = (login: LoginRequest, context: FlowContext) => Promise<LoginStep>;

/** Takes one step of a flow, with the session marked so that no second one runs beside it. */
async function step(
  broker: Broker,
  open: OpenSession,
  take: Take,
  typedBaseUrl: string | null = null,
): Promise<OpenSession> {
  if (open.record.data.status === "processing") {
    throw new VaultConflictError("Cannot go on with the login: another step is under way");
  }
  const login = await loginRequest(broker, open.record.data);
  const busy = await saveSession(broker, open, { status: "processing" });
  let taken: LoginStep;
  try {
    await allowEndpoints(broker, login, open.record.data.pending, typedBaseUrl);
    taken = await take(login, flowContext(broker, login.provider));
  } catch (error) {
    const reason = broker.stopping.aborted ? cutOff(login) : error;
    throw await notGranted(broker, busy, login, reason);
  }
  try {
    return await follow(broker, busy, taken);
  } catch (error) {
    const grant = taken.type === "granted" ? taken.grant : null;
    await endUnkept(broker, busy, login, grant, error);
    if (!(error instanceof VaultConflictError)) throw error;
    // Cancelled while the provider was asked: nothing was kept, and it stays cancelled.
    return await openSession(broker, open.record.id);
  }
}

/** Nobody knows whether the provider has taken the code: it works once, so it is not tried again. */
function cutOff({ provider: { name } }: LoginRequest): AuthorizationResponseError {
  return new AuthorizationResponseError(
    "Cannot finish the login: the daemon was stopped in the middle of it",
    { provider: name, operation: "login", hint: `Run: authsome login ${name}` },
  );
}

/** Ends a session whose step failed, or has it ask again; gives what to throw. */
async function notGranted(
  broker: Broker,
  open: OpenSession,
  login: LoginRequest,
  error: unknown,
): Promise<unknown> {
  try {
    const again = await askAgain(broker, open, login, error);
    if (again !== null) return again;
    if (open.record.data.flow === "dcr_pkce" && isClientRefused(error)) {
      // Servers forget who registered by themselves: the next login registers anew.
      const { provider, pending } = open.record.data;
      await forgetRegistration(broker, provider, pending?.client.client_id ?? null);
    }
    await failLogin(broker, open, error);
  } catch (conflict) {
    // Cancelled meanwhile: it stays so.
    if (!(conflict instanceof VaultConflictError)) throw conflict;
  }
  return error;
}

async function follow(broker: Broker, open: OpenSession, step: LoginStep): Promise<OpenSession> {
  switch (step.type) {
    case "granted":
      return await finishLogin(broker, open, step.grant, step.client, step.warnings);
    case "authorize":
      return await saveSession(broker, open, {
        status: "waiting_for_user",
        inputs: [],
        problem: null,
        doubtful: null,
        authorization_url: step.url,
        pending: step.pending,
        client: step.client ?? open.record.data.client,
        requested_scopes: step.pending.scopes,
      }, { expires_at: inOneLifetime(broker) });
    case "device": {
      const { user_code, verification_uri, verification_uri_complete } = step;
      const waiting = await saveSession(broker, open, {
        status: "waiting_for_user",
        inputs: [],
        problem: null,
        doubtful: null,
        device: { user_code, verification_uri, verification_uri_complete },
        pending: step.pending,
        client: step.client ?? open.record.data.client,
        requested_scopes: step.pending.scopes,
      }, { expires_at: step.expires_at });
      broker.background((signal) => pollLogin(broker, waiting.record.id, signal));
      return waiting;
    }
  }
}

function inOneLifetime(broker: Broker): Date {
  return new Date(broker.now().getTime() + SESSION_LIFETIME_SECONDS * 1000);
}
