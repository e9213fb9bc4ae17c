/**
 * A company's proxy, as an owner names it in `HTTPS_PROXY`: writes down what it was asked.
 *
 * @module
 */
import { type RawUpstream, startRawUpstream } from "./raw_upstream.ts";

/** How it behaves. */
export interface CorporateProxyOptions {
  /** What it says instead of doing what it is asked. */
  readonly refusal?: string;
  /** The name it is reached under with TLS; null: without. */
  readonly host?: string | null;
}

/** Joins CONNECT to `port`, whatever it names; answers anything else. Each head goes into `heads`. */
export function startCorporateProxy(
  heads: string[],
  port: number,
  { refusal, host = null }: CorporateProxyOptions = {},
): RawUpstream {
  return startRawUpstream(host, async (connection) => {
    const head = await connection.readHead();
    heads.push(head);
    if (refusal !== undefined) return await connection.write(refusal);
    if (!head.startsWith("CONNECT")) {
      return await connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    }
    const server = await Deno.connect({ hostname: "127.0.0.1", port });
    await connection.write("HTTP/1.1 200 Connection established\r\nX-Corp: 1\r\n\r\n");
    await Promise.all([
      connection.conn.readable.pipeTo(server.writable).catch(() => {}),
      server.readable.pipeTo(connection.conn.writable).catch(() => {}),
    ]);
  });
}
