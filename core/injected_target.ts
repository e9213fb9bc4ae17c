/**
 * A request's target (path and query) with a credential in it. Text in, text out: what is not the
 * credential's place stays byte for byte, because signatures may cover it.
 *
 * @module
 */

/** The target with the parameter set in place of the first one of that name, all others removed. */
export function setQueryParameter(target: string, name: string, value: string): string {
  const [path, ...rest] = target.split("?");
  const query = rest.join("?");
  const filled = `${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
  const parameters: string[] = [];
  let isSet = false;
  for (const parameter of query === "" ? [] : query.split("&")) {
    if (parameterName(parameter) !== name) {
      parameters.push(parameter);
    } else if (!isSet) {
      parameters.push(filled);
      isSet = true;
    }
  }
  if (!isSet) parameters.push(filled);
  return `${path}?${parameters.join("&")}`;
}

/** The name as a server decodes it, so that `api%5Fkey` and `api+key` do not slip past. */
function parameterName(parameter: string): string {
  const raw = parameter.split("=", 1)[0]!.replaceAll("+", " ");
  try {
    return decodeURIComponent(raw);
  } catch {
    return raw;
  }
}

/**
 * The target with the value where the pattern's `{}` stands (`/bot{}/`), in the first place of the
 * path that fits; null when there is none.
 */
export function fillPathPattern(target: string, pattern: string, value: string): string | null {
  const end = target.search(/[?#]/);
  const path = end < 0 ? target : target.slice(0, end);
  const [before = "", after = ""] = pattern.split("{}", 2);
  const place = placeOf(path, before, after);
  if (place === null) return null;
  const filled = path.slice(0, place.start) + encodePathSegment(value) + path.slice(place.end);
  return filled + target.slice(path.length);
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
