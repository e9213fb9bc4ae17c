/**
 * The base URL of a login: what was typed, asked for, kept for the provider, or the definition's
 * default, in that order and in one normal form.
 *
 * @module
 */
import type { InputField } from "../../core/api.ts";
import { InvalidInputError } from "../../core/errors.ts";
import { environmentNames, readBaseUrl } from "../../core/provider.ts";
import type { Secret } from "../../core/secret.ts";
import type { LoginRequest } from "./flow.ts";

/** Field to ask for the base URL with; null when nothing is missing, or the definition has none. */
export function baseUrlInput(login: LoginRequest): InputField | null {
  const base = login.provider.base_url;
  if (base === undefined || login.base_url !== null || (login.client?.base_url ?? null) !== null) {
    return null;
  }
  const env = environmentNames(login.provider, "base_url");
  return {
    name: "base_url",
    label: base.template === "{base_url}" ? "Base URL" : `Base URL (${base.template})`,
    secret: false,
    required: base.default === undefined,
    ...(base.default === undefined ? {} : { default: base.default }),
    ...(env.length === 0 ? {} : { env }),
  };
}

/**
 * The base URL that the login uses; null when the definition has none.
 *
 * @throws {InvalidInputError} when it is missing, does not fit the definition, or is not https.
 */
export function chooseBaseUrl(
  login: LoginRequest,
  values: Readonly<Record<string, Secret>>,
): string | null {
  const { provider } = login;
  if (provider.base_url === undefined) return null;
  const typed = values["base_url"]?.reveal().trim() ?? "";
  const given = (typed === "" ? null : typed) ?? login.base_url ?? login.client?.base_url ??
    provider.base_url.default;
  if (given === undefined) {
    throw new InvalidInputError(`Cannot log in to ${provider.name}: the base URL is missing`, {
      provider: provider.name,
      hint: `Run: authsome login ${provider.name} --base-url ${provider.base_url.template}`,
    });
  }
  const url = readBaseUrl(provider.base_url, given)?.["base_url"];
  if (url === undefined || !URL.canParse(url) || new URL(url).protocol !== "https:") {
    throw new InvalidInputError(
      `Cannot log in to ${provider.name}: the base URL does not look like ${
        provider.base_url.template.replace(/^\{base_url\}/, "https://host")
      }`,
      { provider: provider.name, issues: [{ path: "base_url", message: "not a base URL" }] },
    );
  }
  return url;
}
