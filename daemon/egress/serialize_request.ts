/**
 * A request as the bytes of HTTP/1.1 (RFC 9112 section 3), head and body in one piece so that they
 * leave in one write.
 *
 * @module
 */

/** Said by us, whatever the caller's headers say. */
const OURS: ReadonlySet<string> = new Set([
  "accept-encoding",
  "connection",
  "content-length",
  "host",
  "transfer-encoding",
]);

/** The bytes of `request`, whose body is `body`. Headers hold no line ends: `Headers` sees to it. */
export function serializeRequest(
  { method, headers }: Pick<Request, "method" | "headers">,
  url: URL,
  body: Uint8Array | null,
): Uint8Array {
  let head = `${method} ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\n`;
  for (const [name, value] of headers) if (!OURS.has(name)) head += `${name}: ${value}\r\n`;
  // Nothing is decompressed here, so nothing can blow up while it is.
  head += "accept-encoding: identity\r\nconnection: close\r\n";
  // RFC 9110 section 8.6: said even of nothing, where the method leads one to expect a body.
  if (body !== null || ["POST", "PUT", "PATCH"].includes(method)) {
    head += `content-length: ${body?.length ?? 0}\r\n`;
  }
  head += "\r\n";
  const bytes = new Uint8Array(head.length + (body?.length ?? 0));
  // Latin-1, as the values of Headers are.
  for (let i = 0; i < head.length; i++) bytes[i] = head.charCodeAt(i);
  if (body !== null) bytes.set(body, head.length);
  return bytes;
}
