/**
 * Heads of HTTP/2 messages (RFC 9113 section 8) as the rest of the proxy knows them, and back.
 *
 * What judges a request and chooses its credential is the same code for both versions; only the
 * spelling differs: `:authority` is `Host`, `:path` is the target.
 *
 * @module
 */
import { malformed } from "../fail_closed.ts";
import type { OutgoingHead } from "../forward.ts";
import { DROPPED_FROM_ANSWERS } from "../hop_by_hop.ts";
import { FORBIDDEN_IN_TRAILERS } from "../http1/forbidden_trailers.ts";
import { NO_BODY } from "../http1/framing.ts";
import { type RequestHead, trimSpace } from "../http1/message_head.ts";
import type { FieldLine } from "./hpack/field_line.ts";

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
  "proxy-authenticate",
  "proxy-authentication-info",
]);
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** RFC 9113 section 8.2.1: in lower case. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** As in the request line of HTTP/1.1: a fragment, a space or a control byte is never a target. */
const TARGET = /^[\x21\x22\x24-\x7e\x80-\xff]+$/;
const AUTHORITY = /^[\x21-\x7e]+$/;
// deno-lint-ignore no-control-regex
const NOT_IN_A_VALUE = /[\x00-\x08\x0a-\x1f\x7f]/;

/** RFC 9113 section 8.3.1; each stands once, in front of the others. */
const PSEUDO: ReadonlySet<string> = new Set([":method", ":scheme", ":authority", ":path"]);

/**
 * Reads the head of a request.
 *
 * @throws {Refusal} 400 for what HTTP/2 or HTTP/1.1 would not allow.
 */
export function readStreamHead(
  fields: readonly FieldLine[],
  { hasBody }: { readonly hasBody: boolean },
): RequestHead {
  const count = fields.findIndex(([name]) => !name.startsWith(":"));
  const pseudo = new Map(count === -1 ? fields : fields.slice(0, count));
  const rest = count === -1 ? [] : fields.slice(count);
  if (
    pseudo.size !== fields.length - rest.length || [...pseudo.keys()].some((n) => !PSEUDO.has(n))
  ) {
    throw malformed("request", "its pseudo-header fields are not those of a request");
  }
  const method = required(pseudo, ":method");
  const target = required(pseudo, ":path");
  const authority = required(pseudo, ":authority");
  if (!TOKEN.test(method)) throw malformed("request", "its :method is not a token");
  if (!TARGET.test(target)) throw malformed("request", "its :path is not a target");
  // Before it is written as a line of HTTP/1.1, where a line end in it would begin another header.
  if (!AUTHORITY.test(authority)) throw malformed("request", "its :authority is not HOST:PORT");
  if (pseudo.get(":scheme") !== "https") throw malformed("request", "its :scheme is not https");
  const lines = [`host: ${authority}`];
  const names = ["host"];
  for (const [name, value] of rest) {
    if (CONNECTION_SPECIFIC.has(name) || name === "te" && value !== "trailers") {
      throw malformed("request", `HTTP/2 has no ${name} header of that kind`, "BadHeaderError");
    }
    // RFC 9113 section 8.3.1: a Host that differs from :authority makes the request malformed.
    if (name === "host") {
      if (value.toLowerCase() === authority.toLowerCase()) continue;
      throw malformed("request", "its Host is another than its :authority", "BadHeaderError");
    }
    if (!NAME.test(name) || NOT_IN_A_VALUE.test(value)) {
      throw malformed("request", "a header is not name: VALUE", "BadHeaderError");
    }
    lines.push(`${name}: ${value}`);
    names.push(name);
  }
  const expect = rest.find(([name]) => name === "expect")?.[1];
  return {
    method,
    target,
    isHttp11: true,
    lines,
    names,
    connection: new Set(),
    framing: hasBody ? { kind: "chunked" } : NO_BODY,
    upgrade: null,
    host: authority,
    expectsContinue: expect?.toLowerCase() === "100-continue",
  };
}

/** The head as HTTP/2 fields, in its order. Names are in lower case there. */
export function writeStreamHead(
  { headers: { method, target, lines, names } }: OutgoingHead,
): FieldLine[] {
  const fields: FieldLine[] = [];
  let authority = "";
  for (const [index, name] of names.entries()) {
    const value = trimSpace(lines[index]!.slice(name.length + 1));
    if (name === "host") authority = value;
    if (!NOT_SENT.has(name)) fields.push([name, value]);
  }
  return [
    [":method", method],
    [":scheme", "https"],
    [":authority", authority],
    [":path", target],
    ...fields,
  ];
}

/** The head of an answer, final or interim, as it goes on to the client; the status is in front. */
export function answerHead(fields: readonly FieldLine[]): FieldLine[] {
  return fields.filter(([name]) => !NOT_SENT.has(name) && !DROPPED_FROM_ANSWERS.has(name));
}

/** The status of an answer, whose first field it is. */
export function statusOf(fields: readonly FieldLine[]): number {
  return Number(fields[0]?.[1]);
}

/**
 * Trailers as they go on. Left out is what HTTP/2 has no place for in them (RFC 9113 sections 8.1 and
 * 8.2.2): the other side would take the message for a malformed one, or for another message.
 */
export function trailerFields(fields: readonly FieldLine[]): FieldLine[] {
  return fields.filter(([name, value]) =>
    NAME.test(name) && !NOT_SENT.has(name) && !FORBIDDEN_IN_TRAILERS.has(name) &&
    !NOT_IN_A_VALUE.test(value)
  );
}

/** A header line of HTTP/1.1 as a field: its name is in lower case. */
export function parseLine(line: string): FieldLine {
  const colon = line.indexOf(":");
  return [line.slice(0, colon).toLowerCase(), trimSpace(line.slice(colon + 1))];
}

function required(pseudo: ReadonlyMap<string, string>, name: string): string {
  const value = pseudo.get(name);
  if (value !== undefined && value !== "") return value;
  throw malformed("request", `there is no ${name}`);
}
