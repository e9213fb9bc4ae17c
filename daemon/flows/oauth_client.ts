/**
 * Which OAuth client and which scopes a login uses: typed in now, kept for the provider, or shipped
 * with the definition.
 *
 * @module
 */
import type { InputField } from "../../core/api.ts";
import { InvalidInputError, UnsupportedFlowError } from "../../core/errors.ts";
import { readBaseUrl } from "../../core/base_url.ts";
import type { OAuthSettings, ProviderDefinition } from "../../core/provider.ts";
import type { Secret } from "../../core/secret.ts";
import { readField } from "./field_value.ts";
import type { LoginRequest, ProviderClient } from "./flow.ts";

/** The definition's OAuth facts. @throws {UnsupportedFlowError} when it has none. */
export function oauthSettings(provider: ProviderDefinition): OAuthSettings {
  if (provider.oauth !== undefined) return provider.oauth;
  throw new UnsupportedFlowError(`Cannot log in to ${provider.name}: it does not use OAuth`, {
    provider: provider.name,
    hint: `Run: authsome login ${provider.name} --flow api_key`,
  });
}

/**
 * Fields for the client id, the secret and the scopes to ask for; empty when a client is known.
 *
 * @param standard The definition's scopes for this flow.
 */
export function clientInputs(
  login: LoginRequest,
  standard: readonly string[],
): readonly InputField[] {
  const settings = login.provider.oauth;
  if (settings === undefined || knownClient(login, login.base_url) !== null) return [];
  const env = (kind: "client_id" | "client_secret") => {
    const names = Object.entries(settings.client_env ?? {}).filter(([, to]) => to === kind);
    return names.length === 0 ? {} : { env: names.map(([name]) => name) };
  };
  const id: InputField = {
    name: "client_id",
    label: "Client ID",
    secret: false,
    required: true,
    ...env("client_id"),
  };
  // What the person said on the command line is not asked again.
  const scopes: InputField[] = login.scopes !== null ? [] : [{
    name: "scopes",
    label: "Scopes",
    secret: false,
    required: false,
    default: standard.join(" "),
  }];
  if (settings.token_endpoint_auth_method === "none") return [id, ...scopes];
  return [id, {
    name: "client_secret",
    label: "Client secret",
    secret: true,
    ...(settings.client_secret_required === true
      ? { required: true }
      : { required: false, pattern_hint: "Leave it empty for a public client" }),
    ...env("client_secret"),
  }, ...scopes];
}

/** A client, and whether it is to be kept for the provider. */
export interface ChosenClient {
  readonly client: ProviderClient;
  readonly isNew: boolean;
}

/**
 * The client for this login.
 *
 * @param standard The scopes that the form proposed; kept only where the person changed them.
 * @throws {InvalidInputError} when none is known and none was given, or a needed secret is missing.
 */
export function chooseClient(
  login: LoginRequest,
  values: Readonly<Record<string, Secret>>,
  base_url: string | null,
  standard: readonly string[],
): ChosenClient {
  const { provider } = login;
  const given = (name: string) => (values[name]?.reveal().trim() ?? "") !== "";
  if (!given("client_id")) {
    const client = knownClient(login, base_url);
    if (client !== null) return { client, isNew: false };
  }
  const read = (name: string, label: string, secret: boolean) =>
    readField(provider, { name, label, secret }, values).value;
  const client_id = read("client_id", "the client ID", false).reveal();
  const needsSecret = provider.oauth?.client_secret_required === true;
  const client_secret = needsSecret || given("client_secret")
    ? read("client_secret", "the client secret", true)
    : null;
  const typed = given("scopes") ? splitScopes(values["scopes"]!.reveal()) : [];
  const scopes = typed.length === 0 || typed.join(" ") === standard.join(" ") ? null : typed;
  return { client: newClient({ client_id, client_secret, base_url, scopes }), isNew: true };
}

/** The client kept for the provider, or the one its definition ships; null when there is neither. */
function knownClient(login: LoginRequest, base_url: string | null): ProviderClient | null {
  const { client, provider } = login;
  if (client !== null && isForInstance(provider, client, base_url)) return client;
  const shipped = provider.oauth?.client_id;
  return shipped === undefined
    ? null
    : newClient({ client_id: shipped, client_secret: null, base_url, scopes: null });
}

/**
 * Whether a kept client may be shown to the server at `base_url`. Where the base URL is a whole
 * server of somebody's (`{base_url}`), another one never gets to see the secret; a tenant below one
 * domain (`{shop}.myshopify.com`) is the same provider.
 */
export function isForInstance(
  provider: ProviderDefinition,
  client: ProviderClient,
  base_url: string | null,
): boolean {
  const base = provider.base_url;
  if (base === undefined || base.template !== "{base_url}") return true;
  const normal = (text: string | null | undefined) =>
    text === null || text === undefined
      ? null
      : readBaseUrl(base, text, { allowPrivate: true })?.["base_url"] ?? text;
  const kept = normal(client.base_url ?? base.default);
  return base_url === null || normal(base_url) === kept;
}

/** For a login that knows no clients. */
export function anonymousClient(base_url: string | null): ProviderClient {
  return newClient({ client_id: "", client_secret: null, base_url, scopes: null });
}

function newClient(
  known: Pick<ProviderClient, "client_id" | "client_secret" | "base_url" | "scopes">,
): ProviderClient {
  return {
    ...known,
    token_endpoint_auth_method: null,
    redirect_uri: null,
    registration_client_uri: null,
    registration_access_token: null,
  };
}

/**
 * The scopes to ask for: the person's, the client's, the definition's. An empty list falls through.
 *
 * @throws {InvalidInputError} for a scope that no scope can be (RFC 6749 section 3.3).
 */
export function chooseScopes(
  login: LoginRequest,
  client: ProviderClient | null,
  standard: readonly string[],
): readonly string[] {
  const chosen = [login.scopes, client?.scopes, standard]
    .find((list) => list !== null && list !== undefined && list.length > 0) ?? [];
  for (const scope of chosen) {
    if (!/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope)) {
      throw new InvalidInputError(
        `Cannot log in to ${login.provider.name}: a scope holds a character that scopes do not have`,
        { provider: login.provider.name, issues: [{ path: "scopes", message: "not a scope" }] },
      );
    }
  }
  return [...new Set(chosen)];
}

function splitScopes(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((scope) => scope !== "");
}
