/**
 * How a credential is put on a request.
 *
 * A definition says it with templates over the connection's fields (`{access_token}`, `{api_key}`,
 * or the names of several secret fields); the daemon fills them in ({@linkcode fillInjection}) and
 * the proxy applies the result, so that the proxy never knows a provider's rules.
 *
 * @module
 */
import type { Secret } from "./secret.ts";

/** Injection as written in a provider definition; `value`, `username` … are templates. */
export type Injection =
  | { readonly type: "header"; readonly name: string; readonly value: string }
  | { readonly type: "basic"; readonly username: string; readonly password: string }
  | { readonly type: "query"; readonly name: string; readonly value: string }
  | { readonly type: "path"; readonly pattern: string }
  /** The client places it: these fields' placeholders are replaced wherever they stand in the head. */
  | { readonly type: "literal"; readonly fields: readonly string[] };

/** Injection with the secret in it, as the proxy receives it. */
export type FilledInjection =
  /** Sets the header; with `only_if_absent`, leaves what the client sent. */
  | {
    readonly type: "header";
    readonly name: string;
    readonly value: string;
    readonly only_if_absent?: boolean;
  }
  /** Sets `Authorization: Basic …` (RFC 7617). */
  | { readonly type: "basic"; readonly username: string; readonly password: string }
  /** Sets the query parameter, replacing every one of that name. */
  | { readonly type: "query"; readonly name: string; readonly value: string }
  /**
   * Replaces the path segment that `pattern` describes: literal text with `{}` where the value
   * goes, such as `/bot{}/`.
   */
  | { readonly type: "path"; readonly pattern: string; readonly value: string }
  /** Replaces each field's placeholder in headers, path and query. */
  | { readonly type: "literal"; readonly values: Readonly<Record<string, string>> };

const VARIABLE = /\{([a-z][a-z0-9_]*)\}/g;

/** The names in braces of a template. */
export function templateVariables(template: string): string[] {
  return [...template.matchAll(VARIABLE)].map((match) => match[1]!);
}

/**
 * The template with each `{name}` replaced by `values[name]`.
 *
 * @throws {RangeError} when a name has no value.
 */
export function fillTemplate(
  template: string,
  values: Readonly<Record<string, Secret | string>>,
): string {
  return template.replace(VARIABLE, (_, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) throw new RangeError(`no value for {${name}}`);
    return typeof value === "string" ? value : value.reveal();
  });
}

/** The templates an injection is made of. */
export function injectionTemplates(injection: Injection): string[] {
  switch (injection.type) {
    case "header":
    case "query":
      return [injection.value];
    case "basic":
      return [injection.username, injection.password];
    case "path":
      return [injection.pattern];
    case "literal":
      return injection.fields.map((field) => `{${field}}`);
  }
}

/**
 * The injection with its values in place.
 *
 * @throws {RangeError} when a template names a field that `values` lacks, or when a header value
 * would hold a line break, another control byte, or a character beyond U+00FF.
 */
export function fillInjection(
  injection: Injection,
  values: Readonly<Record<string, Secret | string>>,
): FilledInjection {
  switch (injection.type) {
    case "header":
      return {
        type: "header",
        name: injection.name,
        value: asHeaderValue(fillTemplate(injection.value, values)),
      };
    case "basic":
      return {
        type: "basic",
        username: withoutControls(fillTemplate(injection.username, values)),
        password: withoutControls(fillTemplate(injection.password, values)),
      };
    case "query":
      return { type: "query", name: injection.name, value: fillTemplate(injection.value, values) };
    case "path": {
      const [variable] = templateVariables(injection.pattern);
      if (variable === undefined) throw new RangeError("a path pattern needs one {field}");
      return {
        type: "path",
        pattern: injection.pattern.replace(`{${variable}}`, "{}"),
        value: fillTemplate(`{${variable}}`, values),
      };
    }
    case "literal":
      return {
        type: "literal",
        values: Object.fromEntries(
          injection.fields.map((field) => [
            field,
            withoutControls(fillTemplate(`{${field}}`, values)),
          ]),
        ),
      };
  }
}

/**
 * The extra headers of a definition, filled in. One that carries a secret is always set; a fixed one
 * (an API version, say) only where the client did not send its own.
 */
export function fillExtraHeaders(
  headers: Readonly<Record<string, string>>,
  values: Readonly<Record<string, Secret | string>>,
): FilledInjection[] {
  return Object.entries(headers).map(([name, template]) => ({
    type: "header",
    name,
    value: asHeaderValue(fillTemplate(template, values)),
    ...(templateVariables(template).length === 0 ? { only_if_absent: true } : {}),
  }));
}

/** A field value is bytes, one for each character: what needs two would end as two others. */
function asHeaderValue(value: string): string {
  // deno-lint-ignore no-control-regex
  if (/[^\x00-\xff]/.test(value)) {
    throw new RangeError("a credential holds a character that no header can carry");
  }
  return withoutControls(value);
}

/** RFC 9110 section 5.5: no CR, LF, NUL or other control byte in a field value. */
function withoutControls(value: string): string {
  // deno-lint-ignore no-control-regex
  if (/[\x00-\x08\x0a-\x1f\x7f]/.test(value)) {
    throw new RangeError("a credential holds a line break or another control character");
  }
  return value;
}
