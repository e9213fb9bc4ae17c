/**
 * The proxy between two peers that speak HTTP/2 frame by frame: a client and a server that do what no
 * library does.
 *
 * @module
 */
import type { FieldLine } from "../../proxy/http2/hpack/field_line.ts";
import type { FakeDaemon } from "./fake_daemon.ts";
import { FramePeer } from "./frame_peer.ts";
import { startTestProxy, type TestProxy } from "./proxy_bench.ts";
import { makeTestCertificate } from "./tls_upstream.ts";

/** The server's name. */
export const HOST = "api.acme.test";

/** The head of a request to it. */
export function headOf(method: string, path = "/", ...more: readonly FieldLine[]): FieldLine[] {
  return [
    [":method", method],
    [":scheme", "https"],
    [":authority", HOST],
    [":path", path],
    ...more,
  ];
}

/** What a test has. */
export interface RawStage {
  readonly test: TestProxy;
  /** Has said hello. */
  readonly client: FramePeer;
  /** Waits for the next connection of the proxy, and says hello on it. */
  accept(settings?: Uint8Array): Promise<FramePeer>;
  /** Another client. */
  connect(): Promise<FramePeer>;
}

/** Starts all three, and ends them. */
export async function onRawStage(
  body: (stage: RawStage) => Promise<void>,
  daemon?: FakeDaemon,
): Promise<void> {
  await using ends = new AsyncDisposableStack();
  const { certificatePem, keyPem, authorityPem } = makeTestCertificate([HOST]);
  const listener = Deno.listenTls({
    hostname: "127.0.0.1",
    port: 0,
    cert: certificatePem,
    key: keyPem,
    alpnProtocols: ["h2"],
  });
  ends.defer(() => listener.close());
  const test = await startTestProxy({
    ...(daemon === undefined ? {} : { daemon }),
    servers: { [HOST]: listener.addr.port },
    authorities: [authorityPem],
  });
  ends.defer(test.close);
  const open = (connection: Deno.Conn) => ends.use(new FramePeer(connection));
  const connect = async () => {
    const peer = open((await test.tunnel(HOST, { protocols: ["h2"] })).conn);
    await peer.greetAsClient();
    return peer;
  };
  await body({
    test,
    client: await connect(),
    connect,
    accept: async (settings) => {
      for (;;) {
        const connection = await listener.accept();
        // HTTP/1.1 is asked for first, in a connection of its own.
        const isShaken = await connection.handshake().then(() => true, () => false);
        const peer = open(connection);
        if (!isShaken) continue;
        await peer.greetAsServer(settings);
        return peer;
      }
    },
  });
}
