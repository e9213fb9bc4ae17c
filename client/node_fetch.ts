/**
 * A small `fetch` over `node:http`, for Node.js and Bun: no proxy, no redirects, streaming answers.
 *
 * @module
 */
import { Agent, request } from "node:http";
import { Readable } from "node:stream";

// An agent of our own: the global one follows HTTP_PROXY under NODE_USE_ENV_PROXY.
const agent = new Agent({ keepAlive: false });

/** Sends one request with a body of bytes and answers as `fetch` does. */
export function nodeFetch(url: string, init: RequestInit): Promise<Response> {
  return new Promise((resolve, reject) => {
    const sent = request(url, {
      agent,
      method: init.method ?? "GET",
      headers: Object.fromEntries(new Headers(init.headers)),
      ...(init.signal ? { signal: init.signal } : {}),
    });
    sent.on("error", (error) => reject(init.signal?.aborted ? init.signal.reason : error));
    sent.on("response", (answer) => {
      const status = answer.statusCode ?? 502;
      const hasNoBody = status === 204 || status === 304;
      if (hasNoBody) answer.resume();
      resolve(
        new Response(hasNoBody ? null : Readable.toWeb(answer) as ReadableStream<Uint8Array>, {
          status,
          headers: flatten(answer.rawHeaders),
        }),
      );
    });
    if (init.body instanceof Uint8Array) sent.write(init.body);
    sent.end();
  });
}

/** Node gives headers as name, value, name, value. */
function flatten(raw: readonly string[]): Headers {
  const headers = new Headers();
  for (let i = 0; i + 1 < raw.length; i += 2) headers.append(raw[i]!, raw[i + 1]!);
  return headers;
}
