/**
 * The proxy in front of an HTTP/2 server that runs in Node.
 *
 * @module
 */
import { type Http2Upstream, type ServeStream, startHttp2Upstream } from "./http2_peers.ts";
import { startTestProxy, type TestProxy, type TestProxyOptions } from "./proxy_bench.ts";

/** What a test has. */
export interface Http2Stage {
  readonly test: TestProxy;
  readonly api: Http2Upstream;
}

/** Starts both, and ends them. */
export async function onHttp2Stage(
  host: string,
  serve: ServeStream,
  body: (stage: Http2Stage) => Promise<void>,
  options: Pick<TestProxyOptions, "daemon" | "placeholders"> = {},
): Promise<void> {
  await using ends = new AsyncDisposableStack();
  const api = await startHttp2Upstream([host], serve);
  ends.defer(api.close);
  const test = await startTestProxy({
    ...options,
    servers: { [host]: api.port },
    authorities: [api.authorityPem],
  });
  ends.defer(test.close);
  await body({ test, api });
}
