/**
 * A login session: what is remembered of a login between its steps, and how people see it. It is
 * kept in the vault, sealed, so that a login outlives a restart of the daemon.
 *
 * @module
 */
import type { InputField, LoginPurpose, Session, SessionStatus } from "../../core/api.ts";
import { LoginExpiredError, LoginNotFoundError } from "../../core/errors.ts";
import type { ProviderClient } from "../../core/provider_client.ts";
import type { Flow } from "../../core/provider.ts";
import type { Secret } from "../../core/secret.ts";
import type { LoginRequest, PendingLogin } from "../flows/flow.ts";
import {
  authSessionChanges,
  type AuthSessionRecord,
  readAuthSession,
} from "../records/auth_sessions.ts";
import { readProviderClient } from "../records/provider_clients.ts";
import type { VaultChange } from "../vault/vault.ts";
import type { Broker } from "./broker.ts";
import type { OwnerCaller } from "./caller.ts";
import { reachableProvider } from "./reachable_provider.ts";

/** How long a person may take for one step, in seconds. */
export const SESSION_LIFETIME_SECONDS = 300;

/** What a login is about and where it stands. */
export interface LoginSession {
  readonly identity: string;
  readonly principal_id: string;
  readonly vault_id: string;
  readonly provider: string;
  readonly connection: string;
  readonly flow: Flow;
  /** The event it is in the audit log. */
  readonly purpose: LoginPurpose;
  readonly base_url: string | null;
  readonly scopes: readonly string[] | null;
  /** Makes no use of the client that an earlier login registered. */
  readonly registers_anew: boolean;
  readonly status: SessionStatus;
  readonly message: string | null;
  readonly error: string | null;
  /** What is still to be asked. */
  readonly inputs: readonly InputField[];
  /** What was asked, to be asked again when the provider refuses it. */
  readonly asked: readonly InputField[];
  /** Why it is asked again; null when it is not. */
  readonly problem: string | null;
  /** What was entered before and is no secret, to be put back into the form. */
  readonly typed: Readonly<Record<string, string>>;
  /** In every form of this session, so that no other page can submit one (CSRF). */
  readonly form_token: Secret;
  /** Values that looked odd, kept until the person says to use them anyway. */
  readonly doubtful: Readonly<Record<string, Secret>> | null;
  readonly warnings: readonly string[];
  readonly authorization_url: string | null;
  readonly device: DeviceCode | null;
  readonly pending: PendingLogin | null;
  /** Client to be kept for the provider once the login succeeds. */
  readonly client: ProviderClient | null;
  readonly requested_scopes: readonly string[] | null;
  readonly granted_scopes: readonly string[] | null;
  /** Page of the dashboard that the login was begun on; null for the command line's. */
  readonly return_to: string | null;
}

/** What a person types in at the provider (RFC 8628 section 3.2). */
export interface DeviceCode {
  readonly user_code: string;
  readonly verification_uri: string;
  readonly verification_uri_complete: string | null;
}

/** A session with what is needed to save it again. */
export interface OpenSession {
  readonly record: AuthSessionRecord<LoginSession>;
  readonly revision: number;
}

/** The states in which nothing more will happen. */
const OVER: readonly SessionStatus[] = ["completed", "failed", "cancelled", "expired"];

/** Whether nothing more will happen in this session. */
export function isOver(session: LoginSession): boolean {
  return OVER.includes(session.status);
}

/**
 * The session under an unguessable id, for a browser that holds nothing else.
 *
 * @throws {LoginNotFoundError} @throws {LoginExpiredError} when its time ran out before it ended.
 */
export async function openSession(broker: Broker, id: string): Promise<OpenSession> {
  const found = await readAuthSession<LoginSession>(broker.vault, id);
  if (found === null) throw loginNotFound();
  const { session: record, revision } = found;
  if (!isOver(record.data) && record.expires_at <= broker.now()) {
    throw new LoginExpiredError("Cannot go on with the login: it has expired", {
      provider: record.data.provider,
      hint: `Run: authsome login ${record.data.provider}`,
    });
  }
  return { record, revision };
}

/** The owner's session; somebody else's looks like none. Throws as {@linkcode openSession} does. */
export async function openOwnSession(
  broker: Broker,
  owner: OwnerCaller,
  id: string,
): Promise<OpenSession> {
  const found = await readAuthSession<LoginSession>(broker.vault, id);
  if (found?.session.data.principal_id !== owner.principal_id) throw loginNotFound();
  return await openSession(broker, id);
}

/**
 * Saves the session as changed.
 *
 * @throws {VaultConflictError} when another step was faster.
 */
export async function saveSession(
  broker: Broker,
  { record, revision }: OpenSession,
  change: Partial<LoginSession>,
  { expires_at = record.expires_at }: { readonly expires_at?: Date } = {},
): Promise<OpenSession> {
  const next = changedSession(record, change, expires_at);
  await broker.vault.write(await authSessionChanges(broker.vault, next, revision));
  const saved = await readAuthSession<LoginSession>(broker.vault, record.id);
  if (saved === null) throw loginNotFound();
  return { record: next, revision: saved.revision };
}

/** What {@linkcode saveSession} writes, to be written together with something else. */
export async function sessionChanges(
  broker: Broker,
  { record, revision }: OpenSession,
  change: Partial<LoginSession>,
): Promise<readonly VaultChange[]> {
  const next = changedSession(record, change, record.expires_at);
  return await authSessionChanges(broker.vault, next, revision);
}

function changedSession(
  record: AuthSessionRecord<LoginSession>,
  change: Partial<LoginSession>,
  expires_at: Date,
): AuthSessionRecord<LoginSession> {
  const data = { ...record.data, ...change };
  // A session that goes on working with what the callback brought awaits no second callback.
  const state = data.pending?.type === "authorization_code" && data.status === "waiting_for_user"
    ? data.pending.state
    : null;
  return { ...record, expires_at, state, data };
}

/** What flows are told about a session's login. @throws {ProviderNotFoundError} */
export async function loginRequest(broker: Broker, session: LoginSession): Promise<LoginRequest> {
  return {
    provider: reachableProvider(broker, session.provider),
    client: session.client ?? await keptClient(broker, session),
    base_url: session.base_url,
    scopes: session.scopes,
    redirect_uri: redirectUri(broker),
  };
}

async function keptClient(
  { vault }: Broker,
  { provider, registers_anew }: LoginSession,
): Promise<ProviderClient | null> {
  const kept = await readProviderClient(vault, provider);
  return registers_anew && kept !== null && kept.redirect_uri !== null ? null : kept;
}

/** Where providers send the browser back to. It is registered in people's OAuth apps: no `/api`. */
export function redirectUri(broker: Broker): string {
  return `${broker.baseUrl()}/auth/callback/oauth`;
}

/** The session as the API shows it. */
export function showSession(broker: Broker, { record }: OpenSession): Session {
  const { id, created_at, expires_at, data } = record;
  return {
    id,
    provider: data.provider,
    connection: data.connection,
    flow: data.flow,
    status: data.status,
    message: data.message,
    error: data.error ?? data.problem,
    created_at: created_at.toISOString(),
    expires_at: expires_at.toISOString(),
    next_action: nextAction(broker, id, data),
    input_fields: isOver(data) ? [] : data.inputs,
    user_code: data.device?.user_code ?? null,
    verification_uri: data.device?.verification_uri ?? null,
    verification_uri_complete: data.device?.verification_uri_complete ?? null,
    requested_scopes: data.requested_scopes,
    granted_scopes: data.granted_scopes,
    warnings: data.warnings,
  };
}

function nextAction(broker: Broker, id: string, session: LoginSession): Session["next_action"] {
  const page = `${broker.baseUrl()}/api/auth/sessions/${id}`;
  if (isOver(session)) return { type: "none" };
  if (session.inputs.length > 0) return { type: "open_url", url: `${page}/input` };
  if (session.authorization_url !== null) {
    return { type: "open_url", url: session.authorization_url };
  }
  return session.device === null ? { type: "none" } : { type: "open_url", url: `${page}/device` };
}

function loginNotFound(): LoginNotFoundError {
  return new LoginNotFoundError("Cannot find the login: there is no such session", {
    hint: "Run: authsome login PROVIDER",
  });
}
