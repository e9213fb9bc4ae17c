/**
 * Heads of HTTP/2 messages (RFC 9113 section 8) as the rest of the proxy knows them, and back.
 *
 * What judges a request and chooses its credential is the same code for both versions; only the
 * spelling differs: `:authority` is `Host`, `:path` is the target.
 *
 * @module
 */
import type http2 from "node:http2";
import { malformed } from "../fail_closed.ts";
import type { OutgoingHead } from "../forward.ts";
import { DROPPED_FROM_ANSWERS } from "../hop_by_hop.ts";
import { NO_BODY } from "../http1/framing.ts";
import { type RequestHead, trimSpace } from "../http1/message_head.ts";

/** RFC 9113 section 8.2.2: they belong to HTTP/1.1 and make a message malformed. */
const CONNECTION_SPECIFIC: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);
/** Settings, the authority under its other name, and what is between a client and its own proxy. */
const NOT_SENT: ReadonlySet<string> = new Set([
  ...CONNECTION_SPECIFIC,
  "host",
  "http2-settings",
  "proxy-authorization",
]);
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** As in the request line of HTTP/1.1: a fragment, a space or a control byte is never a target. */
const TARGET = /^[\x21\x22\x24-\x7e\x80-\xff]+$/;
// deno-lint-ignore no-control-regex
const NOT_IN_A_VALUE = /[\x00-\x08\x0a-\x1f\x7f]/;

/**
 * Reads the head of a request.
 *
 * @throws {Refusal} 400 for what HTTP/2 or HTTP/1.1 would not allow.
 */
export function readStreamHead(
  headers: http2.IncomingHttpHeaders,
  options: { readonly hasBody: boolean },
): RequestHead {
  const method = pseudo(headers, ":method");
  const target = pseudo(headers, ":path");
  const authority = pseudo(headers, ":authority");
  if (!TOKEN.test(method)) throw malformed("request", "its :method is not a token");
  if (!TARGET.test(target)) throw malformed("request", "its :path is not a target");
  if (pseudo(headers, ":scheme") !== "https") {
    throw malformed("request", "its :scheme is not https");
  }
  const lines = [`host: ${authority}`];
  const names = ["host"];
  for (const [name, value] of fieldsOf(headers)) {
    if (CONNECTION_SPECIFIC.has(name) || name === "te" && value !== "trailers") {
      throw malformed("request", `HTTP/2 has no ${name} header of that kind`, "BadHeaderError");
    }
    // RFC 9113 section 8.3.1: a Host that differs from :authority makes the request malformed.
    if (name === "host") {
      if (value.toLowerCase() === authority.toLowerCase()) continue;
      throw malformed("request", "its Host is another than its :authority", "BadHeaderError");
    }
    if (!TOKEN.test(name) || NOT_IN_A_VALUE.test(value)) {
      throw malformed("request", "a header is not NAME: VALUE", "BadHeaderError");
    }
    lines.push(`${name}: ${value}`);
    names.push(name);
  }
  return {
    method,
    target,
    isHttp11: true,
    lines,
    names,
    connection: new Set(),
    framing: options.hasBody ? { kind: "chunked" } : NO_BODY,
    upgrade: null,
    host: authority,
    expectsContinue: headers.expect?.toLowerCase() === "100-continue",
  };
}

/** The head as HTTP/2 headers. Names are in lower case there. */
export function writeStreamHead(
  { headers: { method, target, lines, names } }: OutgoingHead,
): http2.OutgoingHttpHeaders {
  const fields = new Map<string, string[]>();
  let authority = "";
  for (const [index, name] of names.entries()) {
    const value = trimSpace(lines[index]!.slice(name.length + 1));
    if (name === "host") authority = value;
    if (NOT_SENT.has(name)) continue;
    fields.set(name, [...fields.get(name) ?? [], value]);
  }
  return {
    ":method": method,
    ":scheme": "https",
    ":authority": authority,
    ":path": target,
    ...Object.fromEntries(
      [...fields].map(([name, values]) => [name, values.length === 1 ? values[0]! : values]),
    ),
  };
}

/** The head of an answer, final or interim, as it goes on to the client. */
export function answerHead(headers: http2.IncomingHttpHeaders): http2.OutgoingHttpHeaders {
  const head: http2.OutgoingHttpHeaders = { ":status": headers[":status"] };
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(":") || NOT_SENT.has(name) || DROPPED_FROM_ANSWERS.has(name)) continue;
    head[name] = value;
  }
  return head;
}

/**
 * Trailers as they go on. Left out is what HTTP/2 has no place for in them (RFC 9113 sections 8.1 and
 * 8.2.2): the runtime would not send the others either, and the message would never end.
 */
export function trailerFields(headers: http2.IncomingHttpHeaders): http2.OutgoingHttpHeaders {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) =>
      TOKEN.test(name) && !NOT_SENT.has(name) && name !== "te"
    ),
  );
}

function pseudo(headers: http2.IncomingHttpHeaders, name: string): string {
  const value = headers[name];
  if (typeof value === "string" && value !== "") return value;
  throw malformed("request", `there is no ${name}`);
}

function* fieldsOf(headers: http2.IncomingHttpHeaders): Generator<[name: string, value: string]> {
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(":") || value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) yield [name, one];
  }
}
