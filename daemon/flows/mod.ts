/**
 * The register of login flows: adding one is one file and one line here.
 *
 * @module
 */
import type { Flow } from "../../core/provider.ts";
import { apiKey } from "./api_key.ts";
import { authorizationCode } from "./authorization_code.ts";
import { clientCredentials } from "./client_credentials.ts";
import { deviceAuthorization } from "./device_authorization.ts";
import { dynamicRegistration } from "./dynamic_registration.ts";
import type { LoginFlow } from "./flow.ts";

/** Every flow by the name that definitions give it. */
export const flows: Readonly<Record<Flow, LoginFlow>> = {
  pkce: authorizationCode,
  device_code: deviceAuthorization,
  dcr_pkce: dynamicRegistration,
  client_credentials: clientCredentials,
  api_key: apiKey,
};
