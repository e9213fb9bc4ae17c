/**
 * Decrypts a tunnel to a routed host: looks at the ClientHello, speaks TLS with the run's certificate
 * for that host, and serves the requests inside.
 *
 * A `TLSSocket` on the accepted socket is the one way that needs no second connection, resumes
 * sessions and can offer HTTP/2. Deno 2.9.6 needs three work-arounds for it, W1, W2 and W4; each is
 * said where it stands (W1 in `node_duplex.ts`).
 *
 * @module
 */
import tls from "node:tls";
import { importLater } from "../core/import_later.ts";
import { type ClientHello, parseClientHello } from "./client_hello.ts";
import type { ConnectTarget } from "./connect_target.ts";
import { serveExchanges } from "./exchange.ts";
import type { FirstBytes } from "./first_bytes.ts";
import { type InterceptedTunnel, interceptedTunnel } from "./intercepted_tunnel.ts";
import type { LeafCertificates } from "./leaf_certificates.ts";
import { NodeDuplex } from "./node_duplex.ts";
import { openTunnel } from "./open_tunnel.ts";
import { planIntercepted } from "./plan_intercepted.ts";
import { releaseEncrypted } from "./release_buffer.ts";
import type { RunContext } from "./run_context.ts";

/** An accepted tunnel whose CONNECT was answered. */
export interface Intercepted {
  /** What comes behind the CONNECT. */
  readonly first: FirstBytes;
  readonly target: ConnectTarget;
  readonly run: RunContext;
  readonly leaves: LeafCertificates;
}

const MAX_HELLO_BYTES = 128 * 1024;
const HTTP_METHOD = /^[A-Z]{3,20} /;

/** Serves the tunnel until it ends. */
export function intercept(intercepted: Intercepted): void {
  const { first, run, leaves, target } = intercepted;
  // W2: a TLSSocket with an ALPNCallback leaks 6 KB for every peer that dies before its hello is
  // complete; one with fixed protocols, made when the hello is here, does not.
  first.expect({
    look: (bytes) => {
      const hello = parseClientHello(bytes);
      if (hello !== "incomplete") serveHello(intercepted, hello, bytes);
      else if (bytes.length > MAX_HELLO_BYTES) first.socket.destroy();
    },
    patienceMs: run.timing.helloMs,
    // A client that says nothing: a protocol where the server speaks first, which is none of ours.
    onSilence: () => first.isEmpty ? passThrough(intercepted) : first.socket.destroy(),
  });
  // Made while the client writes its hello: a new host's certificate takes a millisecond.
  leaves.contextFor(target.host);
}

function serveHello(
  intercepted: Intercepted,
  hello: ClientHello | "not tls",
  bytes: Uint8Array,
): void {
  const { first } = intercepted;
  if (hello === "not tls") {
    // Clear text inside CONNECT: some clients send http: URLs so. A credential never goes there.
    const isHttp = HTTP_METHOD.test(String.fromCharCode(...bytes.subarray(0, 21)));
    if (!isHttp) return passThrough(intercepted);
    const given = first.take();
    return serveRequests(intercepted, new NodeDuplex(first.socket), null, "http", given);
  }
  const protocol = chooseProtocol(hello);
  // Neither HTTP/1.1 nor HTTP/2: another protocol over TLS, which gets no credential anyway.
  if (protocol === null) return passThrough(intercepted);
  startTls(intercepted, hello, protocol);
}

/** HTTP/1.1 whenever the client can: that way is faster, and bytes pass through as they are. */
function chooseProtocol({ protocols }: ClientHello): InterceptedTunnel["protocol"] | null {
  if (protocols.length === 0 || protocols.includes("http/1.1")) return "http/1.1";
  // Its requests say which version they are; what the handshake calls it is below.
  if (protocols.includes("http/1.0")) return "http/1.1";
  return protocols.includes("h2") ? "h2" : null;
}

function passThrough({ first, target, run }: Intercepted): void {
  const { socket } = first;
  if (run.denyUnmatched) return void socket.destroy();
  // The CONNECT was answered already: a failure can only be said by closing.
  openTunnel({ socket, first: first.take(), target }, run).catch((error) => {
    run.fault(error);
    socket.destroy();
  });
}

function startTls(
  intercepted: Intercepted,
  { serverName, protocols }: ClientHello,
  protocol: InterceptedTunnel["protocol"],
): void {
  const { first, target, leaves, run } = intercepted;
  const { socket, deadline } = first;
  let isUp = false;
  const giveUp = () => {
    deadline.end();
    secured.destroy();
    socket.destroy();
  };
  const secureContext = leaves.contextFor(target.host);
  socket.unshift(first.takeInTime(run.timing.handshakeMs, giveUp));
  const secured = new tls.TLSSocket(socket, {
    isServer: true,
    secureContext,
    // RFC 7301 section 3.2: one that the client offered, or the handshake fails (curl --http1.0).
    ALPNProtocols: [protocols.includes(protocol) ? protocol : "http/1.0"],
  });
  releaseEncrypted(socket);
  secured.on("error", (error: Error) => {
    if (!isUp) tellDistrust(error, target, run);
    giveUp();
  });
  // W4: the TLSSocket is half-open too: an end before the handshake is done ends neither socket.
  secured.once("end", () => {
    if (!isUp) giveUp();
  });
  secured.once("close", giveUp);
  secured.once("secure", () => {
    isUp = true;
    deadline.end();
    const connection = new NodeDuplex(secured, socket);
    if (protocol === "h2") {
      const tunnel = interceptedTunnel({ target, serverName, scheme: "https", protocol });
      // Loaded for those who ask for it: most runs never do.
      importLater<typeof import("./http2/serve_http2.ts")>("proxy/http2/serve_http2.ts").then(
        ({ serveHttp2 }) => serveHttp2(connection, tunnel, run),
        (error) => {
          run.fault(error);
          giveUp();
        },
      );
      return;
    }
    serveRequests(intercepted, connection, serverName, "https");
  });
}

/** The one sign of a client that does not know the run's certificate authority (RFC 8446 section 6.2). */
function tellDistrust(error: Error, { host }: ConnectTarget, run: RunContext): void {
  if (!/unknown.?ca|bad.?certificate|certificate.?unknown/i.test(error.message)) return;
  run.note(
    `${host}: the program does not trust this run's certificate authority; ` +
      "point its CA setting at the file that SSL_CERT_FILE names",
  );
}

function serveRequests(
  { target, run }: Intercepted,
  connection: NodeDuplex,
  serverName: string | null,
  scheme: InterceptedTunnel["scheme"],
  first?: Uint8Array,
): void {
  const tunnel = interceptedTunnel({ target, serverName, scheme, protocol: "http/1.1" });
  void serveExchanges(connection, {
    pool: run.pool,
    senders: run.senders,
    decide: (request) => planIntercepted(request, tunnel, run),
    onRefusal: (refusal) => run.usage.refused(target.host, refusal),
    onFault: run.fault,
    ...(first === undefined ? {} : { first }),
  });
}
