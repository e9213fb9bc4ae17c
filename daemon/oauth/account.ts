/**
 * Whose account a login is for: an id, and a label that a person knows it by. From the ID token, the
 * token reply, and the userinfo endpoint or the provider's own one.
 *
 * A login that works is never failed for want of a label: an endpoint that does not answer leaves
 * the account unnamed.
 *
 * @module
 */
import type { Account } from "../../core/connection.ts";
import type { OAuthSettings } from "../../core/provider.ts";
import type { Secret } from "../../core/secret.ts";
import { guardedFetch, type Outbound } from "./outbound.ts";
import { fieldAt, isObject, readFields, type ReplyFields, textAt } from "./reply_fields.ts";

/** Where the account may be read from. */
export interface AccountSources {
  readonly settings: Pick<
    OAuthSettings,
    "account_id_field" | "account_label_field" | "api_url_field" | "userinfo_query"
  >;
  /** Claims of the ID token, `{}` without one. */
  readonly claims: ReplyFields;
  /** The token reply without its tokens. */
  readonly reply: ReplyFields;
  /** Filled in; null when there is none. */
  readonly userinfo_endpoint: string | null;
  readonly access_token: Secret;
}

/** What providers call an id, best first. */
const ID_NAMES = ["sub", "id", "user_id", "account_id", "uid", "gid", "username"];
/** What providers call a name, best first. */
const LABEL_NAMES = [
  "email",
  "preferred_username",
  "login",
  "username",
  "screen_name",
  "name",
  "display_name",
  "workspace_name",
];
/** Objects that providers wrap a user in. */
const WRAPPERS = ["data", "user", "me", "account", "authed_user", "team", "athlete"];

/** An account, and everything else that the userinfo endpoint said; nothing where it was not asked. */
export interface FoundAccount {
  readonly account: Account;
  readonly userinfo: ReplyFields;
}

/** Reads the account; what nobody says is null. */
export async function readAccount(
  sources: AccountSources,
  outbound: Outbound,
): Promise<FoundAccount> {
  const { settings, claims, reply } = sources;
  const known = named([claims, reply], settings);
  const fromClaims = { id: textAt(claims, "sub"), label: firstOf(claims, LABEL_NAMES) };
  const id = known.id ?? fromClaims.id;
  const label = known.label ?? fromClaims.label;
  const { api_url_field } = settings;
  // DocuSign says only there where the account's API is.
  const isComplete = id !== null && label !== null &&
    (api_url_field === undefined || textAt(reply, api_url_field) !== null);
  if (isComplete || sources.userinfo_endpoint === null) {
    const account = {
      id: id ?? guess(reply, ID_NAMES.slice(2)),
      label: label ?? guess(reply, LABEL_NAMES),
    };
    return { account, userinfo: {} };
  }
  const info = await requestUserinfo(sources, outbound);
  // OpenID Connect Core section 5.3.2: another subject's userinfo must not be used.
  const foreign = fromClaims.id !== null && textAt(info, "sub") !== null &&
    textAt(info, "sub") !== fromClaims.id;
  const usable = foreign ? {} : info;
  const told = named([usable], settings);
  const account = {
    id: id ?? told.id ?? guess(usable, ID_NAMES) ?? guess(reply, ID_NAMES.slice(2)),
    label: label ?? told.label ?? guess(usable, LABEL_NAMES) ?? guess(reply, LABEL_NAMES),
  };
  return { account, userinfo: usable };
}

/** What the definition's own paths give. */
function named(
  places: readonly ReplyFields[],
  settings: AccountSources["settings"],
): Account {
  const at = (path: string | undefined): string | null => {
    if (path === undefined) return null;
    for (const place of places) {
      const text = textAt(place, path);
      if (text !== null) return text;
    }
    return null;
  };
  return { id: at(settings.account_id_field), label: at(settings.account_label_field) };
}

function firstOf(fields: ReplyFields, names: readonly string[]): string | null {
  for (const name of names) {
    const text = textAt(fields, name);
    if (text !== null) return text;
  }
  return null;
}

/** The first name that is there, at the top or inside one of the usual wrappers. */
function guess(fields: ReplyFields, names: readonly string[]): string | null {
  const inner = WRAPPERS.map((name) => fieldAt(fields, name)).filter(isObject);
  for (const place of [fields, ...inner]) {
    const text = firstOf(place, names);
    if (text !== null) return text;
  }
  return null;
}

async function requestUserinfo(sources: AccountSources, outbound: Outbound): Promise<ReplyFields> {
  try {
    const { userinfo_query } = sources.settings;
    const headers = {
      accept: "application/json",
      authorization: `Bearer ${sources.access_token.reveal()}`,
    };
    const response = await guardedFetch(outbound)(
      sources.userinfo_endpoint!,
      userinfo_query === undefined ? { method: "GET", headers } : {
        method: "POST",
        headers: { ...headers, "content-type": "application/json" },
        body: JSON.stringify({ query: userinfo_query }),
      },
    );
    const type = response.headers.get("content-type") ?? "";
    return response.ok ? readFields(await response.text(), type) ?? {} : {};
  } catch {
    outbound.signal.throwIfAborted();
    return {};
  }
}
