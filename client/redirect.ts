/**
 * Redirects as `fetch` follows them (Fetch, section 4.4), for a request that carried a credential.
 *
 * @module
 */

/** A request, as it was asked for: without the credential. */
export interface SentRequest {
  readonly url: URL;
  /** Upper case. */
  readonly method: string;
  readonly headers: Headers;
  readonly body: BodyInit | null;
  readonly redirect: RequestRedirect;
  readonly signal: AbortSignal | null;
  /** What else the caller said, for the runtime to read. */
  readonly rest: RequestInit;
}

const REDIRECTS = [301, 302, 303, 307, 308];
/** Headers that speak of a body. */
const BODY_HEADERS = ["content-encoding", "content-language", "content-location", "content-type"];
/** Headers by which a caller says who they are; a foreign origin is not told. */
const CALLERS_OWN = ["authorization", "cookie", "proxy-authorization"];

/** Whether an answer leads on to another request, or to an error where the caller wants none. */
export function isFollowed({ redirect }: SentRequest, { status, headers }: Response): boolean {
  return redirect !== "manual" && REDIRECTS.includes(status) && headers.has("location");
}

/**
 * The request that follows an answer which {@linkcode isFollowed}.
 *
 * @throws {TypeError} when the caller wants no redirects, or the next one cannot be followed.
 */
export function nextHop(request: SentRequest, response: Response): SentRequest {
  if (request.redirect === "error") {
    throw new TypeError(`Cannot fetch ${request.url.origin}: it redirects`);
  }
  const location = response.headers.get("location")!;
  const url = new URL(location, request.url);
  if (url.protocol !== "https:") {
    throw new TypeError(`Cannot fetch ${request.url.origin}: it redirects to ${url.protocol}`);
  }
  const becomesGet = response.status === 303
    ? !["GET", "HEAD"].includes(request.method)
    : response.status < 303 && request.method === "POST";
  if (!becomesGet && request.body instanceof ReadableStream) {
    throw new TypeError("Cannot follow the redirect: the body was a stream and is gone");
  }
  const headers = new Headers(request.headers);
  if (url.origin !== request.url.origin) { for (const name of CALLERS_OWN) headers.delete(name); }
  if (!becomesGet) return { ...request, url, headers };
  for (const name of BODY_HEADERS) headers.delete(name);
  return { ...request, url, headers, method: "GET", body: null };
}
