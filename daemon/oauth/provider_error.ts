/**
 * The little that is kept of a provider's error: the code of RFC 6749 section 5.2 and a short,
 * cleaned description. Bodies never travel further than this file.
 *
 * @module
 */
import { REDACTED, type Secret } from "../../core/secret.ts";
import { fieldAt, isObject, printable, type ReplyFields } from "./reply_fields.ts";

/** An error as it may be shown and logged. */
export interface ProviderError {
  /** `invalid_grant` and its like; `http_500` where the reply had no code. */
  readonly error: string;
  /** At most 200 printable characters, without anything that we sent as a secret. */
  readonly error_description: string | null;
  readonly status: number;
}

const MAX_DESCRIPTION = 200;
const ERROR_CODE = /^[A-Za-z0-9_.:/-]{1,64}$/;

/**
 * Reads an error reply.
 *
 * @param fields The reply, or null where it was no object (an HTML page, say).
 * @param sent Every secret of the request: providers like to quote the token they did not like.
 * @param errorField Where this provider puts its error code, if not in `error`.
 */
export function readProviderError(
  fields: ReplyFields | null,
  status: number,
  sent: readonly Secret[],
  errorField?: string,
): ProviderError {
  // In this order: a secret that the length limit cut in two would not be found any more.
  const clean = (text: string) => printable(hideSecrets(text, sent), MAX_DESCRIPTION);
  const raw = fields === null ? undefined : errorValue(fields, errorField);
  const nested = isObject(raw) ? raw : null;
  const code = [nested?.["code"], nested?.["type"], raw]
    .find((value): value is string => typeof value === "string" && ERROR_CODE.test(value));
  const description = [
    fields?.["error_description"],
    nested?.["message"],
    nested?.["detail"],
    typeof raw === "string" && raw !== code ? raw : undefined,
    fields?.["message"],
    fields?.["detail"],
  ].find((value): value is string => typeof value === "string" && value !== "" && value !== code);
  return {
    error: clean(code ?? `http_${status}`),
    error_description: description === undefined ? null : clean(description),
    status,
  };
}

/** The value of whichever field tells the error; `ok: false` is followed by a plain `error`. */
function errorValue(fields: ReplyFields, errorField: string | undefined): unknown {
  const named = errorField === undefined ? undefined : fieldAt(fields, errorField);
  return typeof named === "string" || isObject(named) ? named : fields["error"];
}

function hideSecrets(text: string, sent: readonly Secret[]): string {
  let clean = text;
  for (const secret of sent) {
    // Shorter ones are words that a description may well hold.
    if (secret.reveal().length < 6) continue;
    for (const form of [secret.reveal(), encodeURIComponent(secret.reveal())]) {
      clean = clean.replaceAll(form, REDACTED);
    }
  }
  return clean;
}

/** `invalid_grant: Token has been expired or revoked`, for the second half of a message. */
export function showProviderError(error: ProviderError): string {
  return error.error_description === null
    ? error.error
    : `${error.error}: ${error.error_description}`;
}
