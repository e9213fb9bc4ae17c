/**
 * Which hosts a provider's credential may go to.
 *
 * Four forms: an exact host; `*.example.com` (any number of labels in front, at least one); `*`
 * inside a label (`bedrock.*.amazonaws.com`, exactly one label or part of one); and `regex:` with a
 * pattern that must match the whole host. A host is made canonical once, at the border
 * ({@linkcode canonicalHost}), and the same string is matched and dialled: a parser that sees
 * another host than the matcher did is how credentials leak.
 *
 * @module
 */

import { checkRegexCost, type RegexLimits } from "./regex_cost.ts";

/** A compiled host pattern. `suffix` is the literal end every matching host has. */
export type HostPattern =
  | { readonly kind: "exact"; readonly text: string; readonly suffix: string }
  | {
    readonly kind: "wildcard" | "regex";
    readonly text: string;
    readonly suffix: string;
    readonly expression: RegExp;
  };

/** RFC 1123 host name in lower case; underscores are seen in the wild. No trailing dot. */
const HOST =
  /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/;
const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;
/** Two colons at least, so that `host:443` is none; a zone may follow. */
const IPV6 = /^[0-9a-f.]*:[0-9a-f.]*:[0-9a-f:.]*(?:%.*)?$/i;
/** WHATWG URL: a host whose last label is a number, hexadecimal included, is read as IPv4. */
const NUMBER_LAST = /(?:^|\.)(?:0x[0-9a-f]*|\d+)$/;

const MAX_PATTERN_LENGTH = 200;

/**
 * The one spelling of a host that is matched and dialled: lower case, nothing else changed. `null`
 * for whatever is not a plain ASCII host name: user information, ports, NUL and other control
 * bytes, percent signs, Unicode (ask for its `xn--` form), a trailing dot, and IP addresses in any
 * notation.
 */
export function canonicalHost(text: string): string | null {
  const host = text.toLowerCase();
  return HOST.test(host) && !NUMBER_LAST.test(host) ? host : null;
}

/** Whether the text is an IP address: dotted IPv4, or IPv6 with or without brackets. */
export function isIpLiteral(text: string): boolean {
  const bare = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
  return IPV4.test(bare) || IPV6.test(bare);
}

/**
 * Whether a name can only mean this machine or its surroundings, so that a credential for it needs
 * the owner's explicit word: `localhost` and below (RFC 6761), IP addresses, single labels, and the
 * private suffixes `.local`, `.internal`, `.lan`, `.home.arpa` and their like.
 */
export function isPrivateName(host: string): boolean {
  return isIpLiteral(host) || !host.includes(".") ||
    /(?:^|\.)(?:localhost|localdomain|local|internal|intranet|lan|corp|home|home\.arpa)\.?$/i
      .test(host);
}

/** Whether a name means this machine itself: `localhost`, `*.localhost`, `127.0.0.0/8`, `[::1]`. */
export function isLoopbackName(host: string): boolean {
  return /^(?:.+\.)?localhost$/i.test(host) || /^127(?:\.\d{1,3}){3}$/.test(host) ||
    host === "[::1]" || host === "::1";
}

/**
 * Compiles a pattern as written in a provider definition.
 *
 * @throws {RangeError} with the reason: not a host, a wildcard over a whole top-level domain, a
 * regular expression without a literal end at a label boundary (it would match look-alike hosts),
 * or one that could take exponential time.
 */
export function parseHostPattern(text: string): HostPattern {
  if (text.length > MAX_PATTERN_LENGTH) {
    throw new RangeError(`a host pattern has at most ${MAX_PATTERN_LENGTH} characters`);
  }
  if (text.startsWith("regex:")) return parseRegex(text.slice("regex:".length));
  const lower = text.toLowerCase();
  if (!lower.includes("*")) {
    if (isIpLiteral(lower)) return { kind: "exact", text: lower, suffix: lower };
    if (canonicalHost(lower) === null) throw new RangeError("not a host name");
    return { kind: "exact", text: lower, suffix: lower };
  }
  return parseWildcard(lower);
}

function parseWildcard(text: string): HostPattern {
  const labels = text.split(".");
  const lastStar = labels.findLastIndex((label) => label.includes("*"));
  const suffixLabels = labels.slice(lastStar + 1);
  if (suffixLabels.length < 2) {
    throw new RangeError("a wildcard needs at least two whole labels behind it");
  }
  const parts: string[] = [];
  for (const [index, label] of labels.entries()) {
    if (index === 0 && label === "*") {
      parts.push("(?:[a-z0-9_-]+\\.)*[a-z0-9_-]+");
      continue;
    }
    if ((label.match(/\*/g) ?? []).length > 1) throw new RangeError("one * in a label at most");
    if (!/^[a-z0-9_*-]+$/.test(label)) throw new RangeError("not a host name");
    parts.push(label.replace("*", "[a-z0-9_-]+"));
  }
  const suffix = suffixLabels.join(".");
  if (canonicalHost(suffix) === null) throw new RangeError("not a host name");
  refuseRegistry(suffix);
  return {
    kind: "wildcard",
    text,
    suffix,
    expression: new RegExp(`^${parts.join("\\.")}$`),
  };
}

/** What a regular expression for host names may be made of; its alternatives exclude each other. */
const REGEX_TOKENS =
  /^(?:[a-z0-9_-]|\\[.dw-]|\.|\[(?:[a-z0-9_.-]|\\[.dw-])+\]|\(\?:|\((?!\?)|[)|+*?]|\{\d{1,3}(?:,\d{0,3})?\})+$/i;

/** A host of 253 characters costs at most about a cube of that. */
const HOST_LIMITS: RegexLimits = { repetitions: 3, total: 4, alternatives: 8 };

/** Only what describes host names is allowed, and little of it. */
function parseRegex(source: string): HostPattern {
  if (source.length === 0) throw new RangeError("an empty regular expression");
  const body = source.replace(/^\^/, "").replace(/(?<!\\)\$$/, "");
  if (!REGEX_TOKENS.test(body)) {
    throw new RangeError("the regular expression uses more than host names need");
  }
  checkRegexCost(body, HOST_LIMITS);
  const suffix = literalSuffix(body);
  if (suffix === null) {
    throw new RangeError(
      "the regular expression must end in a literal domain such as \\.example\\.com; " +
        "without the dot in front it would match look-alike hosts",
    );
  }
  refuseRegistry(suffix);
  let expression: RegExp;
  try {
    expression = new RegExp(`^(?:${body})$`, "i");
  } catch {
    throw new RangeError("not a regular expression");
  }
  return { kind: "regex", text: `regex:${source}`, suffix, expression };
}

/** `co.uk` and its like are where strangers register domains. */
function refuseRegistry(suffix: string): void {
  if (/^(?:ac|co|com|edu|go|gob|gov|ne|net|or|org)\.[a-z]{2}$/.test(suffix)) {
    throw new RangeError(`everybody can have a host under ${suffix}`);
  }
}

/** `example.com` of `[a-z]+\.example\.com`; null when the literal end has no label boundary. */
function literalSuffix(body: string): string | null {
  // A top-level alternation has no common end that could be read off.
  let depth = 0;
  for (let i = 0; i < body.length; i++) {
    if (body[i] === "\\") i++;
    else if (body[i] === "(") depth++;
    else if (body[i] === ")") depth--;
    else if (body[i] === "|" && depth === 0) return null;
  }
  const end = /(?:[a-z0-9_-]|\\[.-])+$/i.exec(body)?.[0];
  if (end === undefined) return null;
  const whole = end.length === body.length;
  // A class or an escape may stand right before the literal run: only what follows a dot is sure.
  const literal = end.replaceAll("\\", "").toLowerCase();
  const from = whole ? 0 : literal.indexOf(".") + 1;
  if (!whole && from === 0) return null;
  const suffix = literal.slice(from);
  return suffix.includes(".") && HOST.test(suffix) ? suffix : null;
}

/**
 * Whether a canonical host matches. Anything that is not its own canonical form (upper case, a
 * trailing dot, user information, a NUL byte, Unicode) never does.
 */
export function matchesHost(pattern: HostPattern, host: string): boolean {
  if (pattern.kind === "exact") return pattern.text === host;
  return canonicalHost(host) === host && pattern.expression.test(host);
}

/** Specificity of a kind: exact 2, wildcard 1, regex 0. */
export function hostRank(pattern: HostPattern): number {
  return pattern.kind === "exact" ? 2 : pattern.kind === "wildcard" ? 1 : 0;
}

/**
 * Length of the literal text that every matching host ends with, part of a label included:
 * `*-aiplatform.googleapis.com` is more specific than `*.googleapis.com`.
 */
export function literalEnd(pattern: HostPattern): number {
  return pattern.kind === "wildcard"
    ? pattern.text.length - pattern.text.lastIndexOf("*") - 1
    : pattern.suffix.length;
}

/** Whether `path` lies under `prefix`, at a segment boundary. `""` and `/` cover every path. */
export function isUnderPath(prefix: string, path: string): boolean {
  const bare = prefix.endsWith("/") ? prefix.slice(0, -1) : prefix;
  return bare === "" || path === bare || path.startsWith(bare + "/");
}
