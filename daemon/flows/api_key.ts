/**
 * Key login: one or several values that the person pastes. Nothing is sent anywhere.
 *
 * @module
 */
import type { InputField } from "../../core/api.ts";
import type { Secret } from "../../core/secret.ts";
import { baseUrlInput, chooseBaseUrl } from "./base_url.ts";
import { fieldInput, readField } from "./field_value.ts";
import type { LoginFlow, LoginRequest, LoginStep } from "./flow.ts";

/** Logs in with the fields that the definition names. */
export const apiKey: LoginFlow = { inputs, begin };

function inputs(login: LoginRequest): readonly InputField[] {
  const base = baseUrlInput(login);
  return [
    // A base URL with a default is asked for by nobody: `--base-url` says otherwise.
    ...(base === null || !base.required ? [] : [base]),
    ...login.provider.fields.map((field) => fieldInput(login.provider, field)),
  ];
}

// deno-lint-ignore require-await -- a flow's begin is asynchronous; this one has nothing to wait for
async function begin(
  login: LoginRequest,
  values: Readonly<Record<string, Secret>>,
): Promise<LoginStep> {
  const base_url = chooseBaseUrl(login, values);
  const secrets: Record<string, Secret> = {};
  const warnings: string[] = [];
  for (const field of login.provider.fields) {
    const read = readField(login.provider, field, values);
    secrets[field.name] = read.value;
    warnings.push(...read.warnings);
  }
  return {
    type: "granted",
    grant: {
      secrets,
      token_type: null,
      expires_at: null,
      granted_scopes: null,
      account: { id: null, label: null },
      base_url,
      api_url: null,
      metadata: {},
    },
    client: null,
    warnings,
  };
}
