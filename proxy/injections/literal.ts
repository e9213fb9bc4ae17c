/**
 * A credential that the client places itself: wherever it wrote the placeholder, in a header, the
 * path or the query, the value takes its place.
 *
 * Only for definitions that ask for it, and never in a body: what stands in a query or a header of
 * the client's choice, a provider may keep and show again.
 *
 * @module
 */
import type { FilledInjection } from "../../core/injection.ts";
import { Refusal } from "../fail_closed.ts";
import type { Placeholder } from "../placeholders.ts";
import type { OutgoingRequest } from "./outgoing_request.ts";

/** A key may be long and its placeholder may be repeated: the head stays one that servers take. */
const MAX_LENGTH = 256 * 1024;
/** A field value is bytes, one for each character. */
// deno-lint-ignore no-control-regex
const BEYOND_BYTES = /[^\x00-\xff]/;

/**
 * Puts the values where their placeholders stand, in `Basic` user information too.
 *
 * @throws {Refusal} 431 when the request would be too large then, 502 when a value has characters that
 * no header can carry.
 */
export function injectLiteral(
  request: OutgoingRequest,
  { values }: FilledInjection & { type: "literal" },
  placeholders: readonly Placeholder[],
): OutgoingRequest {
  const known = placeholders.filter(({ field }) => Object.hasOwn(values, field));
  let { target, lines } = request;
  for (const { text, field } of known) {
    const value = values[field]!;
    const encoded = encodeURIComponent(value);
    target = target.replaceAll(text, () => encoded)
      .replaceAll(encodeURIComponent(text), () => encoded);
    lines = lines.map((line) => inBasic(line, text, value).replaceAll(text, () => value));
    const length = lines.reduce((sum, line) => sum + line.length, target.length);
    if (length > MAX_LENGTH) {
      throw new Refusal(
        431,
        "HeadTooLargeError",
        "Cannot add the credential: the request would be too large with it",
        { hint: "Write the placeholder once" },
      );
    }
  }
  if (lines.some((line) => BEYOND_BYTES.test(line))) {
    throw new Refusal(
      502,
      "CredentialMissingError",
      "Cannot add the credential: it has a character that no header can carry",
      { hint: "Log in again with the value as the provider shows it" },
    );
  }
  return { ...request, target, lines };
}

/** RFC 7617: what a client was given as user name or password comes in base64. */
function inBasic(line: string, text: string, value: string): string {
  const parts = /^([^:]+:[ \t]*basic +)([A-Za-z0-9+/=]+)([ \t]*)$/i.exec(line);
  if (parts === null) return line;
  try {
    const pair = new TextDecoder().decode(Uint8Array.fromBase64(parts[2]!));
    if (!pair.includes(text)) return line;
    const filled = new TextEncoder().encode(pair.replaceAll(text, () => value)).toBase64();
    return parts[1]! + filled + parts[3]!;
  } catch {
    return line;
  }
}
