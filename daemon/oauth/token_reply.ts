/**
 * What a token endpoint answered, read into one form (RFC 6749 sections 5.1 and 5.2), however the
 * provider deviates from it: a set inside the reply, a 200 that is an error, no `token_type`, a
 * lifetime as text, as a timestamp or not at all, scopes as a list or with commas.
 *
 * @module
 */
import type { OAuthSettings } from "../../core/provider.ts";
import { Secret } from "../../core/secret.ts";
import { type ProviderError, readProviderError } from "./provider_error.ts";
import { fieldAt, isObject, readFields, type ReplyFields } from "./reply_fields.ts";

/** A token set. */
export interface TokenSet {
  readonly access_token: Secret;
  /** null when the reply had none; the one in hand stays valid then (RFC 6749 section 6). */
  readonly refresh_token: Secret | null;
  readonly token_type: string;
  /** null when nobody knows a lifetime. */
  readonly expires_at: Date | null;
  /** null when the reply did not say: as requested (RFC 6749 section 5.1). */
  readonly scopes: readonly string[] | null;
  readonly id_token: Secret | null;
  /** The reply without its tokens: the account, the API's host and the like. */
  readonly fields: ReplyFields;
}

/** A token endpoint's answer. An error is an answer, too. */
export type TokenReply =
  | { readonly type: "tokens"; readonly tokens: TokenSet }
  | {
    readonly type: "error";
    readonly error: ProviderError;
    /** Seconds until a retry is welcome, where the server said. */
    readonly retry_after_seconds: number | null;
  };

/** What of the definition matters for reading replies. */
export type ReplySettings = Pick<
  OAuthSettings,
  | "token_path"
  | "error_field"
  | "token_lifetime_seconds"
  | "expires_at_field"
  | "invalid_grant_errors"
>;

/** Longest lifetime believed: ten years. What is longer is a timestamp in the wrong field. */
const MAX_LIFETIME_SECONDS = 315_360_000;

/**
 * Reads a token endpoint's reply.
 *
 * @param received When the request was sent: lifetimes count from there, so that a slow answer
 * cannot make a token look fresher than it is.
 */
export async function readTokenReply(
  response: Response,
  settings: ReplySettings,
  sent: readonly Secret[],
  received: Date,
  retry_after_seconds: number | null,
): Promise<TokenReply> {
  const fields = readFields(await response.text(), response.headers.get("content-type") ?? "");
  const set = fields === null ? null : tokenFields(fields, settings);
  if (response.ok && set !== null && !isRefusal(fields!, settings)) {
    return { type: "tokens", tokens: readTokenSet(set, fields!, settings, received) };
  }
  const error = readProviderError(fields, response.status, sent, settings.error_field);
  return {
    type: "error",
    error: settings.invalid_grant_errors?.some((name) => isSaid(fields, name, error)) === true
      ? { ...error, error: "invalid_grant" }
      : error,
    retry_after_seconds,
  };
}

/** The part of the reply that holds the tokens; null when there is no access token. */
function tokenFields(fields: ReplyFields, settings: ReplySettings): ReplyFields | null {
  const set = settings.token_path === undefined ? fields : fieldAt(fields, settings.token_path);
  // A refresh may answer flat what the first exchange answered nested (Slack does).
  for (const candidate of [set, fields]) {
    if (isObject(candidate) && textOf(candidate["access_token"]) !== null) return candidate;
  }
  return null;
}

/** Whether a 200 is an error after all: GitHub and Slack answer 200 whatever happens. */
export function isRefusal(
  fields: ReplyFields,
  settings: Pick<ReplySettings, "error_field">,
): boolean {
  const flag = settings.error_field === undefined
    ? undefined
    : fieldAt(fields, settings.error_field);
  return flag === false || (typeof flag === "string" && flag !== "" && flag !== "ok") ||
    textOf(fields["error"]) !== null;
}

function isSaid(fields: ReplyFields | null, name: string, error: ProviderError): boolean {
  return error.error === name || error.error_description === name ||
    (fields !== null && Object.values(fields).includes(name));
}

function readTokenSet(
  set: ReplyFields,
  reply: ReplyFields,
  settings: ReplySettings,
  received: Date,
): TokenSet {
  const refresh = textOf(set["refresh_token"]);
  const id = textOf(set["id_token"]) ?? textOf(reply["id_token"]);
  return {
    access_token: new Secret(textOf(set["access_token"])!),
    refresh_token: refresh === null ? null : new Secret(refresh),
    token_type: tokenType(set["token_type"]),
    expires_at: expiry(set, settings, received),
    scopes: scopes(set["scope"] ?? set["scopes"]),
    id_token: id === null ? null : new Secret(id),
    fields: withoutTokens(reply),
  };
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/** `bearer` in every spelling is `Bearer`; a missing one, too. Slack says `bot` or `user`. */
function tokenType(value: unknown): string {
  const text = textOf(value);
  return text === null || !/^[A-Za-z][A-Za-z0-9._-]{0,31}$/.test(text) ||
      text.toLowerCase() === "bearer"
    ? "Bearer"
    : text;
}

/** `expires_in` in seconds, else `expires_at` as a timestamp, else the documented lifetime. */
function expiry(set: ReplyFields, settings: ReplySettings, received: Date): Date | null {
  const timestamp = fieldAt(set, settings.expires_at_field ?? "expires_at");
  const seconds = positive(set["expires_in"]) ?? untilTimestamp(timestamp, received) ??
    settings.token_lifetime_seconds ?? null;
  if (seconds === null || seconds > MAX_LIFETIME_SECONDS) return null;
  return new Date(received.getTime() + seconds * 1000);
}

/** 0, a negative number and a text that is none all mean that the provider did not say. */
function positive(value: unknown): number | null {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) && number > 0 ? number : null;
}

function untilTimestamp(value: unknown, received: Date): number | null {
  const epoch = positive(value);
  const time = epoch !== null
    ? epoch > 1e11 ? epoch : epoch * 1000
    : typeof value === "string"
    ? Date.parse(value)
    : Number.NaN;
  return positive((time - received.getTime()) / 1000);
}

function scopes(value: unknown): readonly string[] | null {
  const list = Array.isArray(value) ? value : textOf(value)?.split(/[\s,]+/);
  const names = list?.filter((name): name is string => typeof name === "string" && name !== "");
  return names === undefined || names.length === 0 ? null : [...new Set(names)];
}

const TOKEN_NAME = /token$|secret|password|^code$|_key$/i;

/** The reply with every token taken out, at any depth: what is left may be kept unsealed. */
function withoutTokens(fields: ReplyFields): ReplyFields {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (TOKEN_NAME.test(name) || Array.isArray(value)) continue;
    kept[name] = isObject(value) ? withoutTokens(value) : value;
  }
  return kept;
}
