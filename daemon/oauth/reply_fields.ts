/**
 * Reading what a provider answered without believing any of it: the body as an object, a dotted
 * path into it, a text at the end of the path.
 *
 * @module
 */

/** An object from outside, of unknown content. */
export type ReplyFields = Readonly<Record<string, unknown>>;

/**
 * A reply's body as fields; null when it is neither a JSON object nor a form.
 *
 * The content type decides only for forms: JSON labelled `text/html` is seen in the wild, and so
 * is GitHub's form when a proxy drops the `Accept` header.
 */
export function readFields(text: string, contentType: string): ReplyFields | null {
  if (contentType.startsWith("application/x-www-form-urlencoded")) {
    return Object.fromEntries(new URLSearchParams(text));
  }
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** Whether a value is a plain object. */
export function isObject(value: unknown): value is ReplyFields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * The value at a dotted path, `authed_user.access_token` or `accounts.0.base_uri`; undefined when a
 * step is missing.
 */
export function fieldAt(fields: ReplyFields, path: string): unknown {
  let value: unknown = fields;
  for (const step of path.split(".")) {
    if (Array.isArray(value) && /^\d{1,3}$/.test(step)) {
      value = value[Number(step)];
      continue;
    }
    if (!isObject(value) || !Object.hasOwn(value, step)) return undefined;
    value = value[step];
  }
  return value;
}

/** A text or number at a dotted path, as text on one line; null for anything else or nothing. */
export function textAt(fields: ReplyFields, path: string): string | null {
  const value = fieldAt(fields, path);
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  if (typeof value !== "string") return null;
  const text = printable(value, 200);
  return text === "" ? null : text;
}

/**
 * Text from outside made fit for a page, a log or a terminal: one line, no control or direction
 * characters (which would let a provider rewrite what the terminal shows), at most `limit` long.
 */
export function printable(text: string, limit: number): string {
  const clean = text.slice(0, limit * 4)
    .replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, " ").replace(/\s+/g, " ").trim();
  const characters = [...clean];
  return characters.length <= limit ? clean : characters.slice(0, limit - 1).join("") + "…";
}
