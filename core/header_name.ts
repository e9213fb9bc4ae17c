/**
 * Which request headers a provider definition may set.
 *
 * RFC 9110 sections 5.1 (token) and 7.6.1 (hop-by-hop).
 *
 * @module
 */

/** Set by whoever carries the message; a definition that set one could smuggle or redirect requests. */
const FORBIDDEN = [
  "connection",
  "content-encoding",
  "content-length",
  "expect",
  "forwarded",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** Why a header may not be set; `null` when it may. */
export function headerProblem(name: string): string | null {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/.test(name)) return `${name} is not a header name`;
  const lower = name.toLowerCase();
  return FORBIDDEN.includes(lower) || lower.startsWith("proxy-") || lower.startsWith("sec-")
    ? `${name} belongs to the connection, not to a credential`
    : null;
}
