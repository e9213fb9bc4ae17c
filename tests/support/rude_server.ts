/**
 * A deliberately rude HTTPS server: answers each path exactly as a test says, replaying what
 * providers document or do, and worse: hanging, dropping the connection, sending far too much.
 *
 * @module
 */
import { createTestCertificate } from "./test_certificate.ts";
import { trustingFetch } from "./trusting_fetch.ts";

/** A request as it arrived. */
export interface RudeRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Headers;
  readonly body: string;
  /** The body, if it is a form. */
  readonly form: URLSearchParams;
}

/** Answers a request; the response may be one of the rude ones below. */
export type RudeAnswer = (request: RudeRequest) => Response | Promise<Response>;

/** A running server. */
export interface RudeServer extends AsyncDisposable {
  readonly origin: string;
  readonly fetch: typeof fetch;
  readonly root: string;
  readonly requests: readonly RudeRequest[];
}

/** Starts one on a free port. A path without an answer is 404 with an HTML page. */
export async function startRudeServer(
  answers: Readonly<Record<string, RudeAnswer>>,
): Promise<RudeServer> {
  const { root, certificate, privateKey } = createTestCertificate();
  const requests: RudeRequest[] = [];
  const stop = new AbortController();
  const listening = Promise.withResolvers<number>();
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    cert: certificate,
    key: privateKey,
    signal: stop.signal,
    onListen: ({ port }) => listening.resolve(port),
    onError: () => new Response(null, { status: 500 }),
  }, async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    const body = await request.text();
    const rude: RudeRequest = {
      method: request.method,
      path: pathname,
      query: searchParams,
      // A copy: the runtime's own are gone with the request.
      headers: new Headers([...request.headers]),
      body,
      form: new URLSearchParams(body),
    };
    requests.push(rude);
    const answer = answers[pathname];
    return answer === undefined ? html(404) : await answer(rude);
  });
  const origin = `https://127.0.0.1:${await listening.promise}`;
  const trusting = trustingFetch(root);
  return {
    origin,
    root,
    requests,
    fetch: trusting.fetch,
    async [Symbol.asyncDispose]() {
      trusting[Symbol.dispose]();
      stop.abort();
      await server.finished;
    },
  };
}

/** A JSON answer. */
export function json(value: unknown, status = 200): Response {
  return Response.json(value, { status });
}

/** What a broken load balancer says. */
export function html(status: number): Response {
  return new Response("<html><body><h1>Something went wrong</h1></body></html>", {
    status,
    headers: { "content-type": "text/html" },
  });
}

/** Never answers, until the client goes away. */
export function hang(): Promise<Response> {
  return new Promise(() => {});
}

/** Sends the beginning of a JSON answer and drops the connection. */
export function dropMidReply(): Response {
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(new TextEncoder().encode('{"access_token":"half-a-tok'));
      controller.error(new Error("dropped"));
    },
  });
  return new Response(body, {
    headers: { "content-type": "application/json", "content-length": "500" },
  });
}

/** Sends that many bytes of JSON. */
export function flood(bytes: number): Response {
  const chunk = new TextEncoder().encode(" ".repeat(65_536));
  let left = bytes;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (left <= 0) return controller.close();
      left -= chunk.length;
      controller.enqueue(chunk);
    },
  });
  return new Response(body, { headers: { "content-type": "application/json" } });
}
