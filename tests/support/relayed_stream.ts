/**
 * One stream of HTTP/2 from a client through the proxy's exchange to servers that a test chooses,
 * without doors, certificates or a daemon.
 *
 * @module
 */
import type { Duplex } from "../../proxy/duplex.ts";
import type { Forward } from "../../proxy/forward.ts";
import { type Downgrade, exchangeStream } from "../../proxy/http2/exchange_stream.ts";
import { Http2Connection } from "../../proxy/http2/http2_connection.ts";
import { UpstreamSessions } from "../../proxy/http2/upstream_sessions.ts";
import { TIMING } from "../../proxy/timing.ts";
import { UpstreamPool } from "../../proxy/upstream_pool.ts";
import { FramePeer, loopbackPair } from "./frame_peer.ts";
import { HOST } from "./raw_http2_stage.ts";

/** How the proxy behaves. */
export interface RelayedStreamOptions {
  /** Connects to the server. */
  readonly connect: () => Promise<Duplex>;
  readonly onAnswer?: Forward["onAnswer"];
  readonly downgrade?: Downgrade;
}

/** Gives `body` a client that has said hello; ends when its stream was served. */
export async function relayStream(
  { connect, onAnswer, downgrade }: RelayedStreamOptions,
  body: (client: FramePeer) => Promise<void>,
): Promise<void> {
  const [near, far] = await loopbackPair();
  using client = new FramePeer(near);
  const upstreams = new UpstreamSessions({
    places: new UpstreamPool(),
    silence: TIMING,
    now: Date.now,
  });
  const serving = Promise.withResolvers<void>();
  const proxy = new Http2Connection(far, {
    role: "server",
    maxListBytes: 1024,
    maxStreams: 1,
    onStream: (stream) =>
      serving.resolve(exchangeStream(stream, {
        upstreams,
        decide: ({ method, target, lines, names }) => ({
          key: "one",
          authority: HOST,
          head: { startLine: "", headers: { method, target, lines, names } },
          connect,
          onAnswer,
        }),
        onRefusal: () => {},
        onFault: () => {},
        ...(downgrade === undefined ? {} : { downgrade }),
      })),
  });
  await client.greetAsClient();
  await body(client);
  proxy.close();
  upstreams.close();
  await proxy.ended;
  await serving.promise;
}
