/**
 * A login as a browser goes through it: the form, what was typed into it, and the way back from the
 * provider. The page holds an unguessable session id and the session's form token, nothing else.
 *
 * @module
 */
import type { InputField } from "../../core/api.ts";
import { equalsSecret } from "../../core/equals_secret.ts";
import { AuthsomeError, ForbiddenOriginError, InvalidInputError } from "../../core/errors.ts";
import type { Secret } from "../../core/secret.ts";
import type { Broker } from "./broker.ts";
import { findByState } from "../records/auth_sessions.ts";
import { checkValues } from "./check_values.ts";
import { advanceLogin, completeCallback, readValues } from "./complete_login.ts";
import {
  type DeviceCode,
  isOver,
  type OpenSession,
  openSession,
  redirectUri,
  saveSession,
} from "./login_session.ts";

/** What a login page shows; which page it is follows from `type`. */
export type LoginPage =
  | {
    readonly type: "form";
    readonly id: string;
    readonly provider: string;
    readonly docs_url: string | null;
    readonly connection: string;
    readonly fields: readonly InputField[];
    readonly form_token: string;
    /** Only for OAuth: to be copied into the app's registration. */
    readonly redirect_uri: string | null;
    readonly note: string | null;
    /** Why the form is shown again. */
    readonly problem: string | null;
    /** What looked odd; the person may have it used anyway. */
    readonly warnings: readonly string[];
    /** Values typed before that are no secrets. */
    readonly typed: Readonly<Record<string, string>>;
  }
  | { readonly type: "go"; readonly url: string }
  | { readonly type: "device"; readonly provider: string; readonly device: DeviceCode }
  | { readonly type: "working"; readonly provider: string }
  | {
    readonly type: "done";
    readonly provider: string;
    readonly connection: string;
    readonly return_to: string | null;
  }
  | {
    readonly type: "failed";
    readonly provider: string | null;
    readonly message: string;
    readonly return_to: string | null;
  };

/** The page of a session as it stands. @throws {LoginNotFoundError} @throws {LoginExpiredError} */
export async function loginPage(broker: Broker, id: string): Promise<LoginPage> {
  return pageOf(broker, await openSession(broker, id));
}

/**
 * Takes what was typed into the form.
 *
 * @throws {ForbiddenOriginError} when the form is not this session's.
 * @throws {LoginNotFoundError} @throws {LoginExpiredError}
 */
export async function submitLoginForm(
  broker: Broker,
  id: string,
  form: URLSearchParams,
): Promise<LoginPage> {
  const open = await openSession(broker, id);
  const { data } = open.record;
  if (!equalsSecret(form.get("form_token") ?? "", data.form_token.reveal())) {
    throw new ForbiddenOriginError("Cannot take the form: it does not belong to this login");
  }
  if (isOver(data) || data.inputs.length === 0) return pageOf(broker, open);

  const anyway = form.has("use_anyway") && data.doubtful !== null;
  const sent = Object.fromEntries(
    data.inputs.map(({ name }) => [name, form.get(name) ?? ""]),
  );
  const values = anyway ? data.doubtful : readValues(open, sent);
  const warnings = anyway ? [] : checkValues(data.inputs, values);
  if (warnings.length > 0) {
    return pageOf(broker, await saveSession(broker, open, { doubtful: values, warnings }));
  }
  return await submit(broker, open, values);
}

async function submit(
  broker: Broker,
  open: OpenSession,
  values: Readonly<Record<string, Secret>>,
): Promise<LoginPage> {
  try {
    return pageOf(broker, await advanceLogin(broker, open, values));
  } catch (error) {
    if (!(error instanceof AuthsomeError)) throw error;
    const after = await openSession(broker, open.record.id);
    const page = pageOf(broker, after);
    if (page.type !== "form" || !(error instanceof InvalidInputError)) return page;
    return { ...page, warnings: [], typed: plainValues(after, values) };
  }
}

/**
 * Where the provider sent the browser back to: the end of the login, or the form once more when the
 * provider refused the client that was typed into it. Throws as {@linkcode completeCallback} does.
 */
export async function callbackPage(broker: Broker, query: URLSearchParams): Promise<LoginPage> {
  const id = await findByState(broker.vault, query.get("state") ?? "");
  try {
    return pageOf(broker, await completeCallback(broker, query));
  } catch (error) {
    if (id === null || !(error instanceof AuthsomeError)) throw error;
    const open = await openSession(broker, id);
    // Begun in the dashboard: the page about the failure leads back there.
    const leadsBack = open.record.data.return_to !== null && isOver(open.record.data);
    if (!leadsBack && !(error instanceof InvalidInputError)) throw error;
    return pageOf(broker, open);
  }
}

/** The page that a session's state calls for. */
export function pageOf(broker: Broker, { record: { id, data } }: OpenSession): LoginPage {
  const definition = broker.catalogue.find(data.provider);
  const provider = definition?.display_name ?? data.provider;
  const { connection, return_to } = data;
  if (data.status === "completed") return { type: "done", provider, connection, return_to };
  if (isOver(data)) {
    const message = data.error ?? data.message ?? "The login ended";
    return { type: "failed", provider, message, return_to };
  }
  if (data.status === "processing") return { type: "working", provider };
  if (data.inputs.length > 0) {
    return {
      type: "form",
      id,
      provider,
      docs_url: definition?.docs_url ?? null,
      connection: data.connection,
      fields: data.inputs,
      form_token: data.form_token.reveal(),
      redirect_uri: data.flow === "pkce" ? redirectUri(broker) : null,
      note: definition?.oauth?.client_note ?? null,
      problem: data.problem,
      warnings: data.warnings,
      typed: data.typed,
    };
  }
  if (data.device !== null) return { type: "device", provider, device: data.device };
  if (data.authorization_url !== null) return { type: "go", url: data.authorization_url };
  return { type: "working", provider };
}

function plainValues(
  { record: { data } }: OpenSession,
  values: Readonly<Record<string, Secret>>,
): Record<string, string> {
  return Object.fromEntries(
    data.inputs.filter((field) => !field.secret)
      .map(({ name }) => [name, values[name]?.reveal() ?? ""]),
  );
}
