/**
 * Which addresses a provider definition may name: https, public, written so that what is read is
 * what is dialled.
 *
 * @module
 */
import { canonicalHost, isLoopbackName, isPrivateName, parseHostPattern } from "./host_pattern.ts";
import { templateVariables } from "./injection.ts";

/** How addresses are judged. */
export interface AddressRules {
  /** Allows private hosts, and plain http on this machine itself. */
  readonly allowPrivate: boolean;
  /** Variables that the address may name. */
  readonly names: readonly string[];
  /** What `{base_url}` stands for, where the definition has a default. */
  readonly baseUrl: string | undefined;
}

const PRIVATE = "lies on this machine or in a private network; " +
  "register it with --allow-private if that is meant";

/** What is wrong with a URL (a template over `names`); `null` when nothing is. */
export function urlProblem(template: string, rules: AddressRules): string | null {
  const { allowPrivate, names, baseUrl } = rules;
  const unknown = templateVariables(template).find((name) => !names.includes(name));
  if (unknown !== undefined) return `names {${unknown}}, which is not a variable`;
  // The URL parser would turn Unicode into xn-- and \ into /: what is read is not what is dialled.
  if (/[^\x21-\x7e]|\\/.test(template)) return "holds characters that URLs do not have";
  const text = fillSample(template, baseUrl);
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || /[{}]/.test(text)) return "is not a URL";
  const host = url.hostname;
  if (url.protocol !== "https:" && !(allowPrivate && isLoopbackName(host))) return "is not https";
  if (url.username !== "" || url.password !== "" || /^[a-z]+:\/\/[^/?#]*@/i.test(text)) {
    return "holds user information";
  }
  if (text.includes("#")) return "holds a fragment";
  if (isPrivateName(host)) return allowPrivate ? null : PRIVATE;
  return canonicalHost(host) === null ? `${host} is not a host name` : null;
}

/** A URL with plausible values for its variables, to be judged as a URL. */
function fillSample(template: string, baseUrl: string | undefined): string {
  return template.replace(/\{([a-z][a-z0-9_]*)\}/g, (_, name: string) => {
    if (name === "base_url") return baseUrl?.replace(/\/+$/, "") ?? "https://base-url.example";
    if (name === "api_url") return "https://api-url.example";
    // A variable that is the whole host stands for a domain, any other for a part of a name.
    return new RegExp(`^https://\\{${name}\\}(?:/|$)`).test(template) ? "host.example" : "x";
  });
}

/** What is wrong with a host rule: a pattern, `host/path`, or a template; `null` when nothing is. */
export function hostProblem(url: string, rules: AddressRules): string | null {
  if (url.startsWith("regex:")) return patternProblem(url, rules);
  if (/[^\x21-\x7e]|[\\?#@%]/.test(url)) {
    return "holds user information, a query, a fragment or odd characters";
  }
  const isHttp = url.startsWith("http://");
  if (/[{}]/.test(url)) {
    const isWhole = isHttp || /^\{(?:base_url|api_url)\}/.test(url);
    return urlProblem(isWhole ? url : `https://${url}`, rules);
  }
  const [, authority, path] = /^([^/]*)(.*)$/.exec(url.replace(/^http:\/\//, ""))!;
  const host = authority!.replace(/:\d{1,5}$/, "");
  if (isHttp && !(rules.allowPrivate && isLoopbackName(host))) return "is not https";
  if (/(?:^|\/)\.{1,2}(?:\/|$)|\/\//.test(path!)) {
    return "holds a path with empty or dot segments";
  }
  if (path!.includes("*")) return "holds a wildcard in its path";
  return patternProblem(host, rules);
}

/** What is wrong with a host pattern; `null` when nothing is. */
export function patternProblem(
  text: string,
  { allowPrivate }: Pick<AddressRules, "allowPrivate">,
): string | null {
  try {
    const { suffix } = parseHostPattern(text);
    return isPrivateName(suffix) && !allowPrivate ? PRIVATE : null;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return `${text} is refused: ${error.message}`;
  }
}

/** Whether a text is a web address that a person may be sent to. */
export function isLink(text: string): boolean {
  if (!URL.canParse(text) || /[^\x21-\x7e]|\\/.test(text)) return false;
  const { protocol, username, password } = new URL(text);
  return /^https?:$/.test(protocol) && username === "" && password === "";
}
