/**
 * Both ends of HTTP/2 for proxy tests: a server, and a client that goes through the proxy and offers
 * nothing else, as gRPC libraries do. Each is a Node process (see `node_process.ts`, also for what a
 * function that is sent there may use), so tests with them are declared by `withNode.test`.
 *
 * @example
 * ```ts ignore
 * const api = await startHttp2Upstream([HOST], (stream, _headers, { tell }) => {
 *   stream.on("close", () => tell("closed", stream.rstCode));
 *   stream.respond({ ":status": 200 }, { endStream: true });
 * });
 * const client = await openHttp2(test, HOST);
 * const { status } = await callHttp2(client, { ":path": "/" });
 * const code = await client.run(({ session, read }, path) => {
 *   const stream = session.request({ ":path": path });
 *   stream.close(8);
 *   return read(stream).then(({ code }) => code);
 * }, "/other");
 * await api.until("closed");
 * ```
 *
 * @module
 */
import type http2 from "node:http2";
import type net from "node:net";
import type tls from "node:tls";
import { type NodeProcess, type NodeTools, startNode } from "./node_process.ts";
import { makeTestCertificate } from "./tls_upstream.ts";

/** What a server's handler has beside the stream. */
export interface ServerTools extends NodeTools {
  /** Answers with what came, and `grpc-status: 0` as a trailer. */
  echo(stream: http2.ServerHttp2Stream): void;
  readonly requests: http2.IncomingHttpHeaders[];
  readonly sessions: Set<http2.ServerHttp2Session>;
}

/** A stream as the server's handler gets it, in the Node process. */
export type ServeStream = (
  stream: http2.ServerHttp2Stream,
  headers: http2.IncomingHttpHeaders,
  tools: ServerTools,
) => unknown;

/** A running server. */
export interface Http2Upstream extends NodeProcess<ServerTools> {
  readonly port: number;
  readonly authorityPem: string;
  /** Heads of all requests so far. */
  requests(): Promise<http2.IncomingHttpHeaders[]>;
  /** How many sessions are open. */
  sessionCount(): Promise<number>;
}

/** Starts a server for `hosts` on 127.0.0.1. */
export async function startHttp2Upstream(
  hosts: readonly [string, ...string[]],
  serve: ServeStream,
  settings: http2.Settings = {},
): Promise<Http2Upstream> {
  const { certificatePem: cert, keyPem: key, authorityPem } = makeTestCertificate(hosts);
  return { ...await listen(serve, { cert, key }, settings), authorityPem };
}

/** Starts one without TLS. */
export async function startPlainHttp2Upstream(
  serve: ServeStream,
): Promise<Omit<Http2Upstream, "authorityPem">> {
  return await listen(serve, null);
}

async function listen(
  serve: ServeStream,
  certificate: { readonly cert: string; readonly key: string } | null,
  settings: http2.Settings = {},
): Promise<Omit<Http2Upstream, "authorityPem">> {
  const node = startNode<ServerTools>();
  try {
    const port = await node.run(listenInNode, { serve: String(serve), certificate, settings });
    return {
      ...node,
      port,
      requests: () => node.run(({ requests }) => requests),
      sessionCount: () => node.run(({ sessions }) => sessions.size),
    };
  } catch (error) {
    await node.close().catch(() => {});
    throw error;
  }
}

async function listenInNode(
  tools: ServerTools,
  { serve: source, certificate, settings }: {
    serve: string;
    certificate: { readonly cert: string; readonly key: string } | null;
    settings: http2.Settings;
  },
): Promise<number> {
  const serve = tools.compile<ServeStream>(source);
  const { http2 } = tools;
  const requests: http2.IncomingHttpHeaders[] = [];
  const sessions = new Set<http2.ServerHttp2Session>();
  const echo = (stream: http2.ServerHttp2Stream) => {
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, {
      waitForTrailers: true,
    });
    stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.pipe(stream);
  };
  Object.assign(tools, { requests, sessions, echo });
  const server = certificate === null
    ? http2.createServer({ settings })
    : http2.createSecureServer({ ...certificate, settings });
  server.on("session", (session: http2.ServerHttp2Session) => {
    sessions.add(session);
    session.on("error", () => {});
    session.once("close", () => sessions.delete(session));
  });
  server.on("stream", (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
    requests.push(headers);
    stream.on("error", () => {});
    serve(stream, headers, tools);
  });
  tools.leave = () => sessions.forEach((session) => session.destroy());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as net.AddressInfo).port;
}

/** What a client's function has. */
export interface ClientTools extends NodeTools {
  readonly session: http2.ClientHttp2Session;
  /** Sends a request, with a body as a POST, and reads the answer. */
  call(
    headers: http2.OutgoingHttpHeaders,
    body?: Uint8Array | string,
  ): Promise<Http2Answer>;
  /** Reads what a stream answers, also when it is reset. */
  read(stream: http2.ClientHttp2Stream): Promise<Http2Answer>;
}

/** A session through the proxy. */
export type Http2Client = NodeProcess<ClientTools>;

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
  { proxy, authorization }: ReachableProxy,
  host: string,
  settings: http2.Settings = {},
): Promise<Http2Client> {
  const node = startNode<ClientTools>();
  const ca = proxy.authority.certificatePem;
  try {
    await node.run(connectInNode, { port: proxy.port, ca, authorization, host, settings });
    return node;
  } catch (error) {
    await node.close().catch(() => {});
    throw error;
  }
}

async function connectInNode(
  tools: ClientTools,
  { port, ca, authorization, host, settings }: {
    port: number;
    ca: string;
    authorization: string;
    host: string;
    settings: http2.Settings;
  },
): Promise<void> {
  const { Buffer, http2, net, tls } = tools;
  const socket = net.connect(port, "127.0.0.1");
  socket.write(`CONNECT ${host}:443 HTTP/1.1\r\nHost: ${host}:443\r\n${authorization}\r\n`);
  const head = String(await new Promise((resolve) => socket.once("data", resolve)));
  if (!head.startsWith("HTTP/1.1 200")) throw new Error(`CONNECT: ${head}`);
  const secured: tls.TLSSocket = tls.connect({
    socket,
    servername: host,
    ca,
    ALPNProtocols: ["h2"],
  });
  await new Promise<void>((resolve, reject) => {
    secured.once("secureConnect", resolve);
    secured.once("error", reject);
  });
  if (secured.alpnProtocol !== "h2") throw new Error(`ALPN: ${secured.alpnProtocol}`);
  const session = http2.connect(`https://${host}`, {
    createConnection: () => secured,
    settings,
    // Else Node does not send what a server has to refuse.
    maxSendHeaderBlockLength: 1024 * 1024,
  });
  session.on("error", () => {});
  const read = (stream: http2.ClientHttp2Stream) =>
    new Promise<Http2Answer>((resolve) => {
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
  const call = (headers: http2.OutgoingHttpHeaders, body?: Uint8Array | string) => {
    const stream = session.request({ ":method": body === undefined ? "GET" : "POST", ...headers }, {
      endStream: body === undefined,
    });
    const answer = read(stream);
    if (body !== undefined) stream.end(body);
    return answer;
  };
  tools.leave = () => session.destroy();
  Object.assign(tools, { session, read, call });
}

/** {@linkcode ClientTools.call} as a test asks for it. */
export async function callHttp2(
  client: Http2Client,
  headers: http2.OutgoingHttpHeaders,
  body?: string,
): Promise<Http2Answer> {
  return await client.run(
    ({ call }, { headers, body }) => call(headers, body),
    { headers, body },
  );
}
