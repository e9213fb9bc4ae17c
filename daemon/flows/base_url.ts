/**
 * The base URL of a login: what was typed, asked for, kept for the provider, or the definition's
 * default, in that order and in one normal form.
 *
 * @module
 */
import type { InputField } from "../../core/api.ts";
import { InvalidInputError } from "../../core/errors.ts";
import { baseUrlFromFields, readBaseUrl } from "../../core/base_url.ts";
import {
  environmentNames,
  type ProviderDefinition,
  type SecretField,
} from "../../core/provider.ts";
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
    label: base.label ??
      (base.template === "{base_url}" ? "Base URL" : `Base URL (${base.template})`),
    secret: false,
    required: base.default === undefined && base.from_field === undefined,
    ...(base.default === undefined ? {} : { default: base.default }),
    ...(env.length === 0 ? {} : { env }),
  };
}

/**
 * The base URL that the login uses; null when the definition has none.
 *
 * @throws {InvalidInputError} when it is missing, does not fit the definition.
 */
export function chooseBaseUrl(
  login: LoginRequest,
  values: Readonly<Record<string, Secret>>,
): string | null {
  const { provider } = login;
  const base = provider.base_url;
  if (base === undefined) return null;
  const typed = values["base_url"]?.reveal().trim() ?? "";
  const given = (typed === "" ? null : typed) ?? login.base_url ??
    baseUrlFromFields(provider, values) ?? login.client?.base_url ?? base.default;
  const example = base.template === "{base_url}" ? "https://host" : base.template;
  if (given === undefined) {
    const field = provider.fields.find(({ name }) => name === base.from_field?.field);
    if (field !== undefined) throw tellsNothing(provider, field, example);
    throw new InvalidInputError(`Cannot log in to ${provider.name}: the base URL is missing`, {
      provider: provider.name,
      issues: [{ path: "base_url", message: "missing" }],
      hint: `Run: authsome login ${provider.name} --base-url ${example}`,
    });
  }
  const allowPrivate = provider.allow_private === true;
  const url = readBaseUrl(base, given, { allowPrivate })?.["base_url"];
  if (url === undefined) {
    throw new InvalidInputError(
      `Cannot log in to ${provider.name}: the base URL does not look like ${example}`,
      {
        provider: provider.name,
        issues: [{ path: "base_url", message: "not a base URL of this provider" }],
        hint: base.hosts === undefined ? undefined : `Its host is one of: ${base.hosts.join(", ")}`,
      },
    );
  }
  return url;
}

/** The field that the base URL is read off does not hold it: a person is told of what was typed. */
function tellsNothing(
  { name }: ProviderDefinition,
  { name: field, label, pattern_hint }: SecretField,
  example: string,
): InvalidInputError {
  const again = `authsome login ${name} --base-url ${example}`;
  return new InvalidInputError(
    `Cannot log in to ${name}: the ${label} does not fit the address ${example}`,
    {
      provider: name,
      issues: [{ path: field, message: `does not fit ${example}` }],
      hint: `${pattern_hint ?? `Look at the ${label} again`}. Or say the address: ${again}`,
    },
  );
}
