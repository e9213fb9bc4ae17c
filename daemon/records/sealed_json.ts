/**
 * JSON that keeps dates and secrets, for records whose shape this layer does not know: what a login
 * remembers between its steps, say. The text holds the secrets; it is for sealing alone.
 *
 * `Date` becomes `{"$date": "…"}` and `Secret` `{"$secret": "…"}`; a name that begins with `$` gets
 * another, so that no data can pass for either.
 *
 * @module
 */
import { Secret } from "../../core/secret.ts";

/** JSON of plain data with dates and secrets in it; `undefined` members are left out. */
export function writeSealedJson(data: unknown): string {
  return JSON.stringify(plain(data));
}

/** The data that {@linkcode writeSealedJson} wrote. */
export function readSealedJson(text: string): unknown {
  return rich(JSON.parse(text));
}

function plain(data: unknown): unknown {
  if (data instanceof Secret) return { $secret: data.reveal() };
  if (data instanceof Date) return { $date: data.toISOString() };
  if (Array.isArray(data)) return data.map(plain);
  if (typeof data !== "object" || data === null) return data;
  return mapEntries(data, (name) => name.startsWith("$") ? `$${name}` : name, plain);
}

function rich(data: unknown): unknown {
  if (Array.isArray(data)) return data.map(rich);
  if (typeof data !== "object" || data === null) return data;
  if ("$secret" in data) return new Secret(data.$secret as string);
  if ("$date" in data) return new Date(data.$date as string);
  return mapEntries(data, (name) => name.startsWith("$") ? name.slice(1) : name, rich);
}

function mapEntries(
  data: object,
  name: (text: string) => string,
  value: (data: unknown) => unknown,
): Record<string, unknown> {
  // fromEntries defines, so that a member called __proto__ stays a member.
  return Object.fromEntries(Object.entries(data).map(([key, item]) => [name(key), value(item)]));
}
