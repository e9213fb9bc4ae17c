/**
 * Serves a client that speaks HTTP/2 only, as gRPC libraries do, inside an intercepted tunnel.
 * Clients that can speak HTTP/1.1 are never offered it: that engine is faster and passes bytes
 * through as they are.
 *
 * Not implemented: server push and extended CONNECT (RFC 8441); neither is offered.
 *
 * @module
 */
import http2 from "node:http2";
import type tls from "node:tls";
import type { Refusal } from "../fail_closed.ts";
import { type InterceptedTunnel, planIntercepted } from "../plan_intercepted.ts";
import type { RunContext } from "../run_context.ts";
import { exchangeStream } from "./exchange_stream.ts";
import { ResetBudget } from "./reset_budget.ts";
import { UpstreamSessions } from "./upstream_sessions.ts";

/** RFC 9113 section 6.5.2 advises at least 100. */
const MAX_STREAMS = 100;
/** Unread bytes of one stream; a server that stalls holds the client back here. */
const WINDOW_BYTES = 256 * 1024;
const MAX_HEAD_BYTES = 64 * 1024;
/** Megabytes that the session may hold in all, header blocks included. */
const MAX_SESSION_MEGABYTES = 10;
/** A client that has shaken hands and then says nothing. */
const PREFACE_TIMEOUT_MS = 10_000;

const { NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_FLAG_END_STREAM } = http2.constants;

/** Serves the connection until it ends. */
export function serveHttp2(
  socket: tls.TLSSocket,
  tunnel: InterceptedTunnel,
  run: RunContext,
): void {
  const upstreams = new UpstreamSessions();
  const budget = new ResetBudget();
  // W3: a session on a TLSSocket of our own waits for `secureConnect`, which has been.
  (socket as unknown as { secureConnecting: boolean }).secureConnecting = false;
  const session = http2.performServerHandshake(socket, {
    maxSessionMemory: MAX_SESSION_MEGABYTES,
    settings: {
      enablePush: false,
      initialWindowSize: WINDOW_BYTES,
      maxConcurrentStreams: MAX_STREAMS,
      maxHeaderListSize: MAX_HEAD_BYTES,
    },
  });
  const silence = setTimeout(() => session.destroy(), PREFACE_TIMEOUT_MS);
  session.once("remoteSettings", () => clearTimeout(silence));
  session.on("error", () => {});
  session.once("close", () => {
    clearTimeout(silence);
    upstreams.close();
    socket.destroy();
  });
  session.on("stream", (stream, headers, flags) => {
    stream.once("aborted", () => {
      if (budget.spend() || session.destroyed) return;
      run.usage.refused(tunnel.target.host, { status: 400, error: "RapidResetError" });
      calmDown(session);
    });
    const hasBody = (flags & NGHTTP2_FLAG_END_STREAM) === 0;
    void exchangeStream(stream, headers, hasBody, {
      upstreams,
      decide: (request) => planIntercepted(request, tunnel, run),
      onRefusal: (refusal: Refusal) => run.usage.refused(tunnel.target.host, refusal),
    });
  });
}

/** RFC 9113 section 10.5: says why, and ends. */
function calmDown(session: http2.ServerHttp2Session): void {
  session.goaway(NGHTTP2_ENHANCE_YOUR_CALM);
  session.destroy();
}
