/**
 * Serves a client that speaks HTTP/2 only, as gRPC libraries do, inside an intercepted tunnel.
 * Clients that can speak HTTP/1.1 are never offered it: that engine is faster and passes bytes
 * through as they are.
 *
 * A client that has greeted may be silent for as long as it likes, as over HTTP/1.1: it is on this
 * machine, whose system tells when it ends, and one that was stopped goes on where it was.
 *
 * Not implemented: server push and extended CONNECT (RFC 8441); neither is offered.
 *
 * @module
 */
import type { Duplex } from "../duplex.ts";
import { serveExchanges } from "../exchange.ts";
import { type InterceptedTunnel, interceptedTunnel } from "../intercepted_tunnel.ts";
import { planIntercepted } from "../plan_intercepted.ts";
import type { RunContext } from "../run_context.ts";
import { DowngradedStream } from "./downgraded_stream.ts";
import { type Downgrade, exchangeStream } from "./exchange_stream.ts";
import { ConnectionFailure } from "./failures.ts";
import { ErrorCode } from "./frame.ts";
import { CompressionError } from "./hpack/compression_error.ts";
import { Http2Connection } from "./http2_connection.ts";
import type { Http2Stream } from "./http2_stream.ts";
import { type Rate, RateBudget } from "./rate_budget.ts";
import { UpstreamSessions } from "./upstream_sessions.ts";

/** RFC 9113 section 6.5.2 advises at least 100. */
const MAX_STREAMS = 100;
/**
 * Requests that we are at work on, also those that the client has reset meanwhile: what they wait for
 * (the daemon, a server) may take longer than a client needs for the next one.
 */
const MAX_AT_WORK = 2 * MAX_STREAMS;
const MAX_LIST_BYTES = 64 * 1024;
/**
 * Streams that one client may open and reset at once. Each costs the client two small frames and us a
 * request to a server ("rapid reset", CVE-2023-44487), so beyond it the connection ends. Programs that
 * cancel calls do so in bursts, when a deadline passes for many of them.
 */
export const RESETS: Rate = { burst: 200, perSecond: 20 };

/** Serves the connection until it ends. */
export function serveHttp2(
  connection: Duplex,
  tunnel: InterceptedTunnel,
  run: RunContext,
): void {
  const upstreams = new UpstreamSessions({
    places: run.pool,
    silence: run.timing,
    onFault: run.fault,
    now: Date.now,
  });
  const budget = new RateBudget(RESETS);
  const { host } = tunnel.target;
  const atWork = new Set<Http2Stream>();
  const onSpoiled = () => {
    if (budget.spend() || session.hasEnded) return;
    run.usage.refused(host, { status: 400, error: "RapidResetError" });
    session.close(ErrorCode.ENHANCE_YOUR_CALM);
  };
  const session = new Http2Connection(connection, {
    role: "server",
    maxListBytes: MAX_LIST_BYTES,
    maxStreams: MAX_STREAMS,
    onStream: (stream) => {
      if (atWork.size >= MAX_AT_WORK) {
        stream.reset(ErrorCode.REFUSED_STREAM);
        return onSpoiled();
      }
      atWork.add(stream);
      void exchangeStream(stream, {
        upstreams,
        decide: (request) => planIntercepted(request, tunnel, run),
        onRefusal: (refusal) => run.usage.refused(host, refusal),
        onFault: run.fault,
        downgrade: downgradeOf(tunnel, run),
      }).then(() => atWork.delete(stream));
    },
    onSpoiled,
    onFailed: (error) => {
      run.fault(error);
      const offence = offenceOf(error);
      if (offence !== null) run.usage.refused(host, { status: 400, error: offence });
    },
  });
  // A client that has shaken hands and then says nothing.
  const silence = setTimeout(() => session.close(), run.timing.prefaceMs);
  void session.settled.then(() => clearTimeout(silence));
  void session.ended.then(() => upstreams.close());
}

/** The name for the audit log of what the client did to the whole connection; null: nothing. */
function offenceOf(error: unknown): string | null {
  if (error instanceof CompressionError) return "BadHeaderError";
  if (!(error instanceof ConnectionFailure)) return null;
  return error.code === ErrorCode.ENHANCE_YOUR_CALM ? "FloodError" : "BadFrameError";
}

/** To a server without HTTP/2 each stream is a client of HTTP/1.1 that asks once. */
function downgradeOf(tunnel: InterceptedTunnel, run: RunContext): Downgrade {
  const { host, port } = tunnel.target;
  const http1 = interceptedTunnel({ ...tunnel, protocol: "http/1.1" });
  return {
    isNeeded: () => run.http2.isWithout({ host, port }),
    serve: (stream, head) =>
      serveExchanges(new DowngradedStream(stream, head), {
        pool: run.pool,
        senders: run.senders,
        decide: (request) => planIntercepted(request, http1, run),
        onRefusal: (refusal) => run.usage.refused(host, refusal),
        onFault: run.fault,
      }),
  };
}
