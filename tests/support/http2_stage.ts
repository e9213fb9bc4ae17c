/**
 * The proxy in front of an HTTP/2 server that runs in Node.
 *
 * @module
 */
import type { Settings } from "node:http2";
import { type Http2Upstream, type ServeStream, startHttp2Upstream } from "./http2_peers.ts";
import { startTestProxy, type TestProxy, type TestProxyOptions } from "./proxy_bench.ts";

/** What a test has. */
export interface Http2Stage {
  readonly test: TestProxy;
  readonly api: Http2Upstream;
}

/** Of the proxy, and of the server. */
export interface Http2StageOptions extends Pick<TestProxyOptions, "daemon" | "placeholders"> {
  readonly settings?: Settings;
}

/** Starts both, and ends them. */
export async function onHttp2Stage(
  host: string,
  serve: ServeStream,
  body: (stage: Http2Stage) => Promise<void>,
  { settings, ...options }: Http2StageOptions = {},
): Promise<void> {
  await using ends = new AsyncDisposableStack();
  const api = await startHttp2Upstream([host], serve, settings);
  ends.defer(api.close);
  const test = await startTestProxy({
    ...options,
    servers: { [host]: api.port },
    authorities: [api.authorityPem],
  });
  ends.defer(test.close);
  await body({ test, api });
}
