/**
 * A credential that is part of the path, such as Telegram's `/bot{}/getMe`.
 *
 * @module
 */
import type { FilledInjection } from "../../core/injection.ts";
import { Refusal } from "../fail_closed.ts";
import type { OutgoingRequest } from "./outgoing_request.ts";

/**
 * Puts the value where the pattern's `{}` stands, in the first place of the path that fits.
 *
 * @throws {Refusal} 400 when the path has no such place: without it the request cannot be meant.
 */
export function injectPath(
  request: OutgoingRequest,
  injection: FilledInjection & { type: "path" },
): OutgoingRequest {
  const end = request.target.search(/[?#]/);
  const path = end < 0 ? request.target : request.target.slice(0, end);
  const [before = "", after = ""] = injection.pattern.split("{}", 2);
  const from = placeOf(path, before, after);
  if (from === null) {
    throw new Refusal(
      400,
      "InvalidRequestError",
      `Cannot add the credential: the path has no ${injection.pattern}`,
      { hint: `Use a path with ${injection.pattern.replace("{}", "PLACEHOLDER")} in it` },
    );
  }
  const value = encodePathSegment(injection.value);
  return {
    ...request,
    target: path.slice(0, from.start) + value + path.slice(from.end) +
      request.target.slice(path.length),
  };
}

/** Where between `before` and `after` (within one segment) the value goes. */
function placeOf(
  path: string,
  before: string,
  after: string,
): { start: number; end: number } | null {
  for (let at = path.indexOf(before); at >= 0; at = path.indexOf(before, at + 1)) {
    const start = at + before.length;
    const slash = path.indexOf("/", start);
    const segmentEnd = slash < 0 ? path.length : slash;
    if (after === "") return { start, end: segmentEnd };
    const end = path.indexOf(after, start);
    if (end >= start && end <= segmentEnd) return { start, end };
  }
  return null;
}

/** Percent-encodes what RFC 3986 section 3.3 does not allow in a segment; `:` and `@` stay. */
function encodePathSegment(value: string): string {
  return encodeURIComponent(value).replace(/%3A|%40|%24|%26|%2B|%2C|%3B|%3D/g, decodeURIComponent);
}
