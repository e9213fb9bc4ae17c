/**
 * Begins a login: picks connection and flow, asks the flow what is missing, and goes as far as it can
 * without the person.
 *
 * @module
 */
import type { CreateSessionRequest, Session } from "../../core/api.ts";
import type { Connection } from "../../core/connection.ts";
import { InvalidInputError, UnsupportedFlowError, VaultSealError } from "../../core/errors.ts";
import { readBaseUrl } from "../../core/base_url.ts";
import { isName, type ProviderDefinition } from "../../core/provider.ts";
import { Secret } from "../../core/secret.ts";
import { newSessionId, saveAuthSession } from "../records/auth_sessions.ts";
import { readDefaultConnection } from "../records/connection_index.ts";
import { readConnection } from "../records/connections.ts";
import type { Broker } from "./broker.ts";
import type { OwnerCaller } from "./caller.ts";
import { cancelLogin } from "./cancel_login.ts";
import { advanceLogin } from "./complete_login.ts";
import {
  loginRequest,
  type LoginSession,
  openSession,
  SESSION_LIFETIME_SECONDS,
  showSession,
} from "./login_session.ts";

/** How a login is begun. */
export interface BeginLoginOptions {
  /** Path that the login's last page leads to: the caller's word, never the browser's. */
  readonly return_to?: string;
}

/**
 * A new login session.
 *
 * @throws {ProviderNotFoundError} @throws {UnsupportedFlowError} @throws {InvalidInputError}
 * @throws {AuthsomeError} what the flow throws when it begins at once and fails.
 */
export async function beginLogin(
  broker: Broker,
  owner: OwnerCaller,
  request: CreateSessionRequest,
  { return_to }: BeginLoginOptions = {},
): Promise<Session> {
  const definition = broker.catalogue.get(request.provider);
  checkBaseUrl(definition, request.base_url);
  const name = await connectionName(broker, owner, request);
  const fresh = {
    ...newSession(owner, definition, request, name),
    return_to: return_to ?? null,
    registers_anew: request.force === true && !await works(broker, owner, request.provider, name),
  };
  const connected = request.force !== true &&
    await isConnected(broker, owner, definition, fresh);
  const inputs = connected
    ? []
    : broker.flows[fresh.flow].inputs(await loginRequest(broker, fresh));
  const session = connected
    ? { ...fresh, ...ALREADY_CONNECTED }
    : { ...fresh, inputs, asked: inputs };

  const id = request.session_id ?? newSessionId();
  const now = broker.now();
  const expires_at = new Date(now.getTime() + SESSION_LIFETIME_SECONDS * 1000);
  await saveAuthSession(
    broker.vault,
    { id, created_at: now, expires_at, state: null, data: session },
    0,
  );
  const open = await openSession(broker, id);
  // Looked at once it can be cancelled the usual way, so that no moment lies in between.
  if (broker.abandoned.has(owner, id)) return await cancelLogin(broker, owner, id);
  // Nothing that must be asked: the rest has defaults.
  if (connected || session.inputs.some((field) => field.required)) return showSession(broker, open);
  return showSession(broker, await advanceLogin(broker, open, {}));
}

/** One that has no use would be dropped without a word, and the login would be at another place. */
function checkBaseUrl(
  { name, base_url }: ProviderDefinition,
  asked: CreateSessionRequest["base_url"],
): void {
  if ((asked ?? "") === "" || base_url !== undefined) return;
  throw new InvalidInputError(`Cannot log in to ${name} at a base URL: it has only one place`, {
    provider: name,
    operation: "login",
    issues: [{ path: "base_url", message: "not of this provider" }],
    hint: `Leave it out: authsome login ${name}`,
  });
}

const ALREADY_CONNECTED = { status: "completed", message: "Already connected" } as const;

function newSession(
  owner: OwnerCaller,
  definition: ProviderDefinition,
  request: CreateSessionRequest,
  connection: string,
): LoginSession {
  const flow = request.flow ?? definition.flow;
  if (!definition.flows.includes(flow)) {
    throw new UnsupportedFlowError(
      `Cannot log in to ${definition.name} with ${flow}: it offers ${definition.flows.join(", ")}`,
      {
        provider: definition.name,
        operation: "login",
        hint: `Run: authsome login ${definition.name} --flow ${definition.flows[0]}`,
      },
    );
  }
  if (!isName(connection)) {
    throw new InvalidInputError("Cannot use this connection name: it breaks the rule for names");
  }
  return {
    identity: owner.identity,
    principal_id: owner.principal_id,
    vault_id: owner.vault_id,
    provider: definition.name,
    connection,
    flow,
    purpose: request.purpose ?? "login",
    base_url: request.base_url ?? null,
    scopes: request.scopes ?? null,
    registers_anew: false,
    status: "waiting_for_user",
    message: null,
    error: null,
    inputs: [],
    asked: [],
    problem: null,
    typed: {},
    form_token: new Secret(crypto.getRandomValues(new Uint8Array(24)).toHex()),
    doubtful: null,
    warnings: [],
    authorization_url: null,
    device: null,
    pending: null,
    client: null,
    requested_scopes: request.scopes ?? null,
    granted_scopes: null,
    return_to: null,
  };
}

async function connectionName(
  broker: Broker,
  owner: OwnerCaller,
  { provider, connection }: CreateSessionRequest,
): Promise<string> {
  if (connection !== undefined) return connection;
  const found = await readDefaultConnection(broker.vault, owner.vault_id, provider);
  return found?.default_connection ?? "default";
}

/**
 * Whether the connection that a forced login replaces works. Where it does not, the client that
 * registered itself may be what the server refuses: on its own page, where nobody tells us.
 */
async function works(
  { vault }: Broker,
  { vault_id }: OwnerCaller,
  provider: string,
  connection: string,
): Promise<boolean> {
  try {
    const found = await readConnection(vault, vault_id, { provider, connection });
    return found?.status === "connected";
  } catch (error) {
    // A record that does not open is mended by this very login, and says nothing against the client.
    if (error instanceof VaultSealError) return true;
    throw error;
  }
}

/** Whether the login would change nothing: the connection works and is what is asked for. */
async function isConnected(
  broker: Broker,
  owner: OwnerCaller,
  definition: ProviderDefinition,
  { provider, connection, scopes, base_url }: LoginSession,
): Promise<boolean> {
  const ref = { provider, connection };
  const existing = await readConnection(broker.vault, owner.vault_id, ref);
  if (existing === null || !isUsable(existing, broker.now())) return false;
  const sameScopes = scopes === null || isSameSet(scopes, existing.scopes ?? []);
  return sameScopes && isSameBase(definition, base_url, existing.base_url);
}

function isUsable({ status, expires_at, secrets }: Connection, now: Date): boolean {
  if (status !== "connected") return false;
  return expires_at === null || expires_at > now || secrets["refresh_token"] !== undefined;
}

function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return new Set(a).size === new Set(b).size && a.every((item) => b.includes(item));
}

function isSameBase(
  { base_url: base }: ProviderDefinition,
  asked: string | null,
  stored: string | null,
): boolean {
  if (asked === null || base === undefined) return true;
  return readBaseUrl(base, asked, { allowPrivate: true })?.["base_url"] === stored;
}
