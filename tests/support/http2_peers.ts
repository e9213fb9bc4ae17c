/**
 * Both ends of HTTP/2 for proxy tests: a server, and a client that goes through the proxy and offers
 * nothing else, as gRPC libraries do.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import http2 from "node:http2";
import net from "node:net";
import tls from "node:tls";
import { makeTestCertificate } from "./tls_upstream.ts";

/** A stream as the server's handler gets it. */
export type ServeStream = (
  stream: http2.ServerHttp2Stream,
  headers: http2.IncomingHttpHeaders,
) => void;

/** A running server. */
export interface Http2Upstream {
  readonly port: number;
  readonly authorityPem: string;
  /** Heads of all requests. */
  readonly requests: http2.IncomingHttpHeaders[];
  readonly sessions: Set<http2.ServerHttp2Session>;
  close(): Promise<void>;
}

/** Starts a server for `hosts` on 127.0.0.1. */
export async function startHttp2Upstream(
  hosts: readonly [string, ...string[]],
  serve: ServeStream,
): Promise<Http2Upstream> {
  const { certificatePem, keyPem, authorityPem } = makeTestCertificate(hosts);
  const requests: http2.IncomingHttpHeaders[] = [];
  const sessions = new Set<http2.ServerHttp2Session>();
  const server = http2.createSecureServer({ cert: certificatePem, key: keyPem });
  server.on("session", (session) => {
    sessions.add(session);
    session.on("error", () => {});
    session.once("close", () => sessions.delete(session));
  });
  server.on("stream", (stream, headers) => {
    requests.push(headers);
    stream.on("error", () => {});
    serve(stream, headers);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as net.AddressInfo).port,
    authorityPem,
    requests,
    sessions,
    close: async () => {
      for (const session of sessions) session.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** A session through the proxy. */
export interface Http2Client {
  readonly session: http2.ClientHttp2Session;
  close(): Promise<void>;
}

/** The proxy to go through. */
export interface ReachableProxy {
  readonly proxy: {
    readonly port: number;
    readonly authority: { readonly certificatePem: string };
  };
  /** Header line with its end. */
  readonly authorization: string;
}

/** Opens one to `host`:443. */
export async function openHttp2(
  test: ReachableProxy,
  host: string,
  settings: http2.Settings = {},
): Promise<Http2Client> {
  const socket = net.connect(test.proxy.port, "127.0.0.1");
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.write(`CONNECT ${host}:443 HTTP/1.1\r\nHost: ${host}:443\r\n${test.authorization}\r\n`);
  await new Promise((resolve) => socket.once("data", resolve));
  const secured = tls.connect({
    socket,
    servername: host,
    ca: test.proxy.authority.certificatePem,
    ALPNProtocols: ["h2"],
  });
  await new Promise<void>((resolve, reject) => {
    secured.once("secureConnect", resolve);
    secured.once("error", reject);
  });
  if (secured.alpnProtocol !== "h2") throw new Error(`ALPN: ${secured.alpnProtocol}`);
  const session = http2.connect(`https://${host}`, { createConnection: () => secured, settings });
  session.on("error", () => {});
  return {
    session,
    close: async () => {
      session.destroy();
      secured.destroy();
      socket.destroy();
      await closed;
    },
  };
}

/** An answer read to its end. */
export interface Http2Answer {
  readonly status: number;
  readonly headers: http2.IncomingHttpHeaders;
  readonly trailers: http2.IncomingHttpHeaders;
  /** latin1. */
  readonly body: string;
  /** Of RST_STREAM; 0 for a whole answer. */
  readonly code: number;
}

/** Sends a request with a body, and reads the answer. */
export async function callHttp2(
  { session }: Http2Client,
  headers: http2.OutgoingHttpHeaders,
  body?: Uint8Array | string,
): Promise<Http2Answer> {
  const stream = session.request({ ":method": body === undefined ? "GET" : "POST", ...headers }, {
    endStream: body === undefined,
  });
  const answer = readHttp2(stream);
  if (body !== undefined) stream.end(body);
  return await answer;
}

/** Reads what a stream answers, also when it is reset. */
export function readHttp2(stream: http2.ClientHttp2Stream): Promise<Http2Answer> {
  return new Promise((resolve) => {
    let headers: http2.IncomingHttpHeaders = {};
    let trailers: http2.IncomingHttpHeaders = {};
    const pieces: Uint8Array[] = [];
    stream.on("response", (head) => headers = head);
    stream.on("trailers", (fields) => trailers = fields);
    stream.on("data", (piece: Uint8Array) => pieces.push(piece));
    stream.on("error", () => {});
    stream.on("close", () =>
      resolve({
        status: Number(headers[":status"] ?? 0),
        headers,
        trailers,
        body: Buffer.concat(pieces).toString("latin1"),
        code: stream.rstCode,
      }));
  });
}
