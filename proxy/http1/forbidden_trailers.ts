/**
 * What may not stand behind a body (RFC 9110 section 6.5.1): where a request goes, who sends it, and
 * how long it is. Some servers take trailers for headers, and would read another request than we did.
 *
 * @module
 */

/** Names in lower case. */
export const FORBIDDEN_IN_TRAILERS: ReadonlySet<string> = new Set([
  "authorization",
  "connection",
  "content-length",
  "cookie",
  "expect",
  "host",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
