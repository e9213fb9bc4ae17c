/**
 * One client, one proxy, one scripted server: the frame of the tests that look at bytes.
 *
 * @module
 */
import { startTestProxy, type TestProxy, type TestProxyOptions } from "./proxy_bench.ts";
import type { RawConnection } from "./raw_connection.ts";
import { type RawUpstream, type Script, startRawUpstream } from "./raw_upstream.ts";

/** The parts of one test. */
export interface ScriptedRun {
  /** TLS inside a tunnel to `api.acme.test`. */
  readonly client: RawConnection;
  readonly test: TestProxy;
  readonly server: RawUpstream;
}

/** The host every script plays. */
export const HOST = "api.acme.test";

/** Starts a server with `script`, a proxy, a client; runs `body`; closes all of it. */
export async function withScript(
  script: Script,
  body: (run: ScriptedRun) => Promise<void>,
  options: TestProxyOptions = {},
): Promise<void> {
  const server = startRawUpstream(HOST, script);
  const test = await startTestProxy({
    ...options,
    servers: { [HOST]: server.port, ...options.servers },
    authorities: [server.authorityPem, ...options.authorities ?? []],
  });
  try {
    await body({ client: await test.tunnel(HOST), test, server });
  } finally {
    await test.close();
    await server.close();
  }
}

/** A promise to be kept by the other side of a test. */
export function signal<T = void>(): PromiseWithResolvers<T> {
  return Promise.withResolvers<T>();
}
