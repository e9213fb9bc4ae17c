/**
 * Puts a credential on a request that somebody is going to send: `createFetch`, or the daemon itself.
 *
 * @module
 */
import { InvalidInputError } from "./errors.ts";
import { fillPathPattern, setQueryParameter } from "./injected_target.ts";
import type { FilledInjection } from "./injection.ts";

/** What a credential can change of a request. */
export interface InjectedRequest {
  readonly url: URL;
  readonly headers: Headers;
}

/**
 * The request with every injection applied, in order; what was given stays as it is.
 *
 * @throws {InvalidInputError} when the path has no place for a credential that belongs there.
 */
export function applyInjections(
  request: InjectedRequest,
  injections: readonly FilledInjection[],
): InjectedRequest {
  const headers = new Headers(request.headers);
  let target = request.url.pathname + request.url.search;
  for (const injection of injections) {
    switch (injection.type) {
      case "header":
        if (injection.only_if_absent === true && headers.has(injection.name)) break;
        headers.set(injection.name, injection.value);
        break;
      case "basic":
        headers.set("authorization", basic(injection.username, injection.password));
        break;
      case "query":
        target = setQueryParameter(target, injection.name, injection.value);
        break;
      case "path":
        target = fill(target, injection.pattern, injection.value);
        break;
      case "literal":
        // Placeholders are handed out by `authsome run` alone: there is none in this request.
        break;
    }
  }
  // The origin in front and not as a base: `//evil.test/` would be another host.
  return { url: new URL(request.url.origin + target), headers };
}

function fill(target: string, pattern: string, value: string): string {
  const filled = fillPathPattern(target, pattern, value);
  if (filled !== null) return filled;
  throw new InvalidInputError(`Cannot add the credential: the path has no ${pattern}`, {
    hint: `Use a path with ${pattern.replace("{}", "PLACEHOLDER")} in it`,
  });
}

/** RFC 7617, in UTF-8. Not `Uint8Array.toBase64`, which Node.js does not have yet. */
function basic(username: string, password: string): string {
  const bytes = new TextEncoder().encode(`${username}:${password}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}
