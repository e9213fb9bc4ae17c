/**
 * Headers that concern one connection only and end at a proxy (RFC 9110 section 7.6.1), and those
 * that a proxy of ours never lets through.
 *
 * `Transfer-Encoding`, `TE` and `Trailer` stay: the body is forwarded with its own framing, so they
 * are still true on the other side.
 *
 * @module
 */
import type { MessageHead, ResponseHead } from "./http1/message_head.ts";

const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  // The secret of this run, and a corporate proxy's challenge: neither is the other side's business.
  "proxy-authorization",
  "proxy-authenticate",
  "proxy-authentication-info",
]);

/** What a `Connection` header cannot take away: without these the message would mean another thing. */
const NEVER_NAMED: ReadonlySet<string> = new Set([
  "upgrade",
  "te",
  "host",
  "content-length",
  "transfer-encoding",
]);

/** Header lines with their lower-case names, in two arrays of the same length. */
export interface HeaderLines {
  readonly lines: readonly string[];
  readonly names: readonly string[];
}

/** The lines of `head` that go on; `drop` names more that do not. */
export function endToEndLines(head: MessageHead, drop: ReadonlySet<string> = NOTHING): HeaderLines {
  const { lines, names } = head;
  let at = 0;
  while (at < names.length && goesOn(head, names[at]!, drop)) at++;
  // Of most heads everything does.
  if (at === names.length) return { lines, names };
  const kept = { lines: lines.slice(0, at), names: names.slice(0, at) };
  // By index, here and where heads are written: an iterator of pairs costs as much as the rest.
  for (at++; at < names.length; at++) {
    if (!goesOn(head, names[at]!, drop)) continue;
    kept.lines.push(lines[at]!);
    kept.names.push(names[at]!);
  }
  return kept;
}

function goesOn(head: MessageHead, name: string, drop: ReadonlySet<string>): boolean {
  if (HOP_BY_HOP.has(name) || drop.has(name)) return false;
  const { connection } = head;
  if (connection.size > 0 && connection.has(name) && !NEVER_NAMED.has(name)) return false;
  return name !== "upgrade" || isUpgrade(head);
}

const NOTHING: ReadonlySet<string> = new Set();

/**
 * Whether the message switches protocols (RFC 9110 section 7.8). To HTTP/2 in clear text it never
 * does: the requests inside would pass by unseen.
 */
export function isUpgrade({ upgrade, connection }: MessageHead): boolean {
  return upgrade !== null && connection.has("upgrade") && !/(?:^|[\s,])h2c?\b/i.test(upgrade);
}

/** An answer must not lead the client round the proxy: `Alt-Svc` names HTTP/3 or another port. */
export const DROPPED_FROM_ANSWERS: ReadonlySet<string> = new Set(["alt-svc"]);

/** Fields that tell of a body. */
const OF_A_BODY: ReadonlySet<string> = new Set(["content-length", "transfer-encoding", "trailer"]);
const DROPPED_WITHOUT_BODY = DROPPED_FROM_ANSWERS.union(OF_A_BODY);

/**
 * Whether an answer never has a body, and must not tell of one (RFC 9110 section 8.6, RFC 9112 section
 * 6.1). Some servers do, and some clients (Node.js 18) wait for it then: in the next answer's bytes.
 */
export function isBodiless(status: number): boolean {
  return status < 200 || status === 204;
}

/** Whether such an answer's head may have a field of this (lower case) name. */
export function isOfBody(name: string): boolean {
  return OF_A_BODY.has(name);
}

/** The lines of an answer's head that go on to the client. */
export function answerLines(head: ResponseHead): HeaderLines {
  return endToEndLines(head, isBodiless(head.status) ? DROPPED_WITHOUT_BODY : DROPPED_FROM_ANSWERS);
}
