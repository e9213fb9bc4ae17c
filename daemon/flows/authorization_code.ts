/**
 * Authorization code login (RFC 6749 section 4.1) for a native app (RFC 8252) with a client that a
 * person made at the provider.
 *
 * @module
 */
import type { InputField } from "../../core/api.ts";
import type { Secret } from "../../core/secret.ts";
import { requestAuthorization } from "./authorization_request.ts";
import { completeAuthorization } from "./authorization_response.ts";
import { locateServer } from "./authorization_server.ts";
import { baseUrlInput, chooseBaseUrl } from "./base_url.ts";
import type { FlowContext, LoginFlow, LoginRequest, LoginStep } from "./flow.ts";
import { chooseClient, chooseScopes, clientInputs, oauthSettings } from "./oauth_client.ts";

/** Logs in through the browser. */
export const authorizationCode: LoginFlow = { inputs, begin, complete: completeAuthorization };

function inputs(login: LoginRequest): readonly InputField[] {
  const base = baseUrlInput(login);
  const client = clientInputs(login, login.provider.oauth?.scopes ?? []);
  // A base URL with a default is offered where there is a form anyway, and asked for by nobody else.
  const asksBase = base !== null && (base.required || client.length > 0);
  return [...(asksBase ? [base] : []), ...client];
}

async function begin(
  login: LoginRequest,
  values: Readonly<Record<string, Secret>>,
  context: FlowContext,
): Promise<LoginStep> {
  const base_url = chooseBaseUrl(login, values);
  const standard = oauthSettings(login.provider).scopes;
  const { client, isNew } = chooseClient(login, values, base_url, standard);
  const { server, scopes: found } = await locateServer(login, base_url, context);
  const scopes = chooseScopes(login, client, standard.length > 0 ? standard : found);
  return await requestAuthorization({
    login,
    server,
    client,
    isNewClient: isNew,
    base_url,
    scopes,
  });
}
