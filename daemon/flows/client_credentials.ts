/**
 * Client credentials login (RFC 6749 section 4.4): the app is its own account. There is nobody to
 * ask and no refresh token; refreshing runs the grant again, which is why the client and the extra
 * fields are kept with the connection.
 *
 * @module
 */
import type { InputField } from "../../core/api.ts";
import { Secret } from "../../core/secret.ts";
import { extraTokenParameters } from "../oauth/connection_facts.ts";
import { requestTokens } from "../oauth/token_endpoint.ts";
import { locateServer } from "./authorization_server.ts";
import { baseUrlInput, chooseBaseUrl } from "./base_url.ts";
import { fieldInput, readField } from "./field_value.ts";
import type { FlowContext, LoginFlow, LoginRequest, LoginStep } from "./flow.ts";
import { chooseClient, chooseScopes, clientInputs, oauthSettings } from "./oauth_client.ts";
import { grantTokens } from "./token_grant.ts";
import { tokenRefused } from "./token_refused.ts";

/** Logs in as the app itself. */
export const clientCredentials: LoginFlow = { inputs, begin };

const CLIENT_FIELDS = ["client_id", "client_secret"];

function inputs(login: LoginRequest): readonly InputField[] {
  const base = baseUrlInput(login);
  const client = clientInputs(login, login.provider.oauth?.scopes ?? []).map((field) => ({
    ...field,
    // There is no public client in this grant.
    ...(field.name === "client_secret" ? { label: "Client secret", required: true } : {}),
  }));
  return [
    ...(base === null ? [] : [base]),
    ...extraFields(login).map((field) => fieldInput(login.provider, field)),
    ...client,
  ];
}

function extraFields({ provider }: LoginRequest) {
  return provider.fields.filter(({ name }) => !CLIENT_FIELDS.includes(name));
}

async function begin(
  login: LoginRequest,
  values: Readonly<Record<string, Secret>>,
  context: FlowContext,
): Promise<LoginStep> {
  const { provider } = login;
  const settings = oauthSettings(provider);
  const base_url = chooseBaseUrl(login, values);
  const { client } = chooseClient(login, values, base_url, settings.scopes);
  const fields: Record<string, Secret> = {};
  const warnings: string[] = [];
  for (const field of extraFields(login)) {
    const read = readField(provider, field, values);
    fields[field.name] = read.value;
    warnings.push(...read.warnings);
  }

  const { server } = await locateServer(login, base_url, context, { authorization: false });
  const scopes = chooseScopes(login, client, settings.scopes);
  const { grant_type = "client_credentials", ...extra } = extraTokenParameters(
    provider,
    base_url,
    fields,
  );
  const reply = await requestTokens({
    token_endpoint: server.token_endpoint,
    settings,
    client,
    grant_type,
    parameters: {
      ...extra,
      ...(server.resource === null ? {} : { resource: server.resource }),
      ...(scopes.length === 0 ? {} : { scope: scopes.join(settings.scope_separator) }),
    },
  }, context);
  if (reply.type === "error") throw tokenRefused(provider.name, reply.error);
  const secrets = {
    ...fields,
    client_id: new Secret(client.client_id),
    ...(client.client_secret === null ? {} : { client_secret: client.client_secret }),
  };
  const parts = { login, server, client, base_url, tokens: reply.tokens, secrets };
  const grant = await grantTokens({ ...parts, requested_scopes: scopes }, context);
  return { type: "granted", grant, client: null, warnings };
}
