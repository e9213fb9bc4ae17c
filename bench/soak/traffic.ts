/**
 * The kinds of traffic of a soak, each a lane that goes on until it is told to stop.
 *
 * @module
 */
import { callHttp2, openHttp2 } from "../../tests/support/http2_peers.ts";
import { RawConnection } from "../../tests/support/raw_connection.ts";
import { EPOCH_HEADER } from "./ledger.ts";
import { EVENTS, HOSTS } from "./soak_server.ts";
import type { SoakStage } from "./soak_stage.ts";

/** One lane's work: opens what it needs, and does one thing at a time with it. */
export interface Traffic {
  /** How many lanes of it. */
  readonly lanes: number;
  /** Rest between two things, in milliseconds: a soak is long, not fast. */
  readonly restMs: number;
  readonly open: (stage: SoakStage) => Promise<Lane>;
}

/** An opened lane. */
export interface Lane {
  /** Does it once; `refused` when the proxy said 502. Throws when anything is not as it must be. */
  once(): Promise<"done" | "refused">;
  close(): void | Promise<void>;
}

const MEBIBYTE = 1024 * 1024;

/** The kind that a soak can leave out. */
export const HTTP2 = "HTTP/2 requests";

/** Kind → what it does. */
export const TRAFFIC: Readonly<Record<string, Traffic>> = {
  "small requests on kept connections, its key changing": {
    lanes: 6,
    restMs: 10,
    open: (stage) => keptAlive(stage, HOSTS.changing),
  },
  "small requests on kept connections, its key fixed": {
    lanes: 2,
    restMs: 10,
    open: (stage) => keptAlive(stage, HOSTS.fixed),
  },
  "a new connection for each request": {
    lanes: 3,
    restMs: 20,
    open: (stage) => forEach(stage, HOSTS.changing, (client, host) => get(stage, client, host)),
  },
  "downloads of 1 MiB": {
    lanes: 1,
    restMs: 100,
    open: (stage) => forEach(stage, HOSTS.fixed, (client) => download(stage, client)),
  },
  "uploads of 1 MiB": {
    lanes: 1,
    restMs: 100,
    open: (stage) => forEach(stage, HOSTS.fixed, (client) => upload(stage, client)),
  },
  "downloads that the client breaks off": {
    lanes: 1,
    restMs: 100,
    open: (stage) => forEach(stage, HOSTS.changing, (client) => breakOff(stage, client)),
  },
  "event streams of half a second": {
    lanes: 2,
    restMs: 10,
    open: (stage) => forEach(stage, HOSTS.changing, (client) => listen(stage, client)),
  },
  "WebSocket messages": { lanes: 2, restMs: 20, open: talk },
  [HTTP2]: { lanes: 2, restMs: 20, open: openStreams },
  "requests through untouched tunnels": {
    lanes: 2,
    restMs: 20,
    open: (stage) => forEach(stage, HOSTS.tunnelled, (client, host) => get(stage, client, host)),
  },
  "requests over plain HTTP": { lanes: 1, restMs: 20, open: plainly },
};

/** TLS through the proxy. */
async function openTunnel(stage: SoakStage, host: string): Promise<RawConnection> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: stage.proxyPort });
  try {
    conn.setNoDelay(true);
    const raw = new RawConnection(conn);
    await raw.write(
      `CONNECT ${host}:443 HTTP/1.1\r\nHost: ${host}:443\r\n${stage.authorization}\r\n`,
    );
    const head = await raw.readHead();
    if (!head.startsWith("HTTP/1.1 200 ")) throw new Error(`CONNECT: ${head}`);
    const tls = await Deno.startTls(conn, {
      hostname: host,
      caCerts: [...stage.roots],
      alpnProtocols: ["http/1.1"],
    });
    await tls.handshake();
    return new RawConnection(tls);
  } catch (error) {
    try {
      conn.close();
    } catch { /* TLS has taken it */ }
    throw error;
  }
}

/** A lane with a connection for each time. */
function forEach(
  stage: SoakStage,
  host: string,
  work: (client: RawConnection, host: string) => Promise<"done" | "refused">,
): Promise<Lane> {
  return Promise.resolve({
    once: async () => {
      const client = await openTunnel(stage, host);
      try {
        return await work(client, host);
      } finally {
        client.close();
      }
    },
    close: () => {},
  });
}

async function keptAlive(stage: SoakStage, host: string): Promise<Lane> {
  let client: RawConnection | null = await openTunnel(stage, host);
  return {
    once: async () => {
      client ??= await openTunnel(stage, host);
      const outcome = await get(stage, client, host);
      // The proxy closes what it has refused on.
      if (outcome === "refused") {
        client.close();
        client = null;
      }
      return outcome;
    },
    close: () => client?.close(),
  };
}

function requestHead({ ledger }: SoakStage, line: string, host: string, more = ""): string {
  return `${line} HTTP/1.1\r\nHost: ${host}\r\n${EPOCH_HEADER}: ${ledger.epoch}\r\n${more}\r\n`;
}

async function get(
  stage: SoakStage,
  client: RawConnection,
  host: string,
): Promise<"done" | "refused"> {
  await client.write(requestHead(stage, "GET /", host));
  const { head, body } = await client.readAnswer();
  return isDone(head, body === "hello");
}

async function download(stage: SoakStage, client: RawConnection): Promise<"done" | "refused"> {
  await client.write(requestHead(stage, `GET /download?bytes=${MEBIBYTE}`, HOSTS.fixed));
  const { head, body } = await client.readAnswer();
  return isDone(head, body.length === MEBIBYTE);
}

async function upload(stage: SoakStage, client: RawConnection): Promise<"done" | "refused"> {
  const length = `Content-Length: ${MEBIBYTE}\r\n`;
  await client.write(requestHead(stage, "POST /upload", HOSTS.fixed, length));
  // Refused before all was sent: the answer says so.
  await client.write(new Uint8Array(MEBIBYTE)).catch(() => {});
  const { head, body } = await client.readAnswer();
  return isDone(head, body === String(MEBIBYTE));
}

async function breakOff(stage: SoakStage, client: RawConnection): Promise<"done" | "refused"> {
  await client.write(requestHead(stage, `GET /download?bytes=${64 * MEBIBYTE}`, HOSTS.changing));
  const head = await client.readHead();
  if (head.startsWith("HTTP/1.1 200 ")) await client.readBytes(1000);
  return isDone(head, true);
}

async function listen(stage: SoakStage, client: RawConnection): Promise<"done" | "refused"> {
  await client.write(requestHead(stage, "GET /events", HOSTS.changing));
  const head = await client.readHead();
  const outcome = isDone(head, true);
  if (outcome === "done") await client.readUntil(`data: ${EVENTS - 1}\n\n`);
  return outcome;
}

/** RFC 6455: the handshake, then masked frames; a mask of zeros leaves the text as it is. */
async function talk(stage: SoakStage): Promise<Lane> {
  let client: RawConnection | null = null;
  const open = async (): Promise<RawConnection | null> => {
    const socket = await openTunnel(stage, HOSTS.changing);
    const upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
      `Sec-WebSocket-Key: ${btoa("0123456789abcdef")}\r\n`;
    await socket.write(requestHead(stage, "GET /socket", HOSTS.changing, upgrade));
    const head = await socket.readHead();
    if (head.startsWith("HTTP/1.1 101 ")) return socket;
    socket.close();
    isDone(head, false);
    return null;
  };
  client = await open();
  return {
    once: async () => {
      client ??= await open();
      if (client === null) return "refused";
      await client.write(`\x81\x85\0\0\0\0hello`);
      const echoed = await client.readBytes(7);
      if (echoed !== "\x81\x05hello") throw new Error("the echo is another");
      return "done";
    },
    close: () => client?.close(),
  };
}

async function openStreams(stage: SoakStage): Promise<Lane> {
  const client = await openHttp2({
    proxy: { port: stage.proxyPort, authority: { certificatePem: stage.roots.join("\n") } },
    authorization: stage.authorization,
  }, HOSTS.changing);
  return {
    once: async () => {
      const headers = { ":path": "/", [EPOCH_HEADER]: stage.ledger.epoch };
      const { status, body, code } = await callHttp2(client, headers, "hello");
      return isDone(`HTTP/1.1 ${status} (${code}) `, body === "hello");
    },
    // What broke in it has failed a call, which is counted.
    close: () => client.close().catch(() => {}),
  };
}

/** A new connection each time, as most clients without a pool do. */
function plainly(stage: SoakStage): Promise<Lane> {
  return Promise.resolve({
    once: async () => {
      const conn = await Deno.connect({ hostname: "127.0.0.1", port: stage.proxyPort });
      const client = new RawConnection(conn);
      try {
        const { plain } = HOSTS;
        await client.write(requestHead(stage, `GET http://${plain}/`, plain, stage.authorization));
        const { head, body } = await client.readAnswer();
        return isDone(head, body === "hello");
      } finally {
        client.close();
      }
    },
    close: () => {},
  });
}

function isDone(head: string, isRight: boolean): "done" | "refused" {
  const status = head.slice(9, 12);
  if (status === "502") return "refused";
  if (status !== "200" || !isRight) throw new Error(head.split("\r\n")[0]);
  return "done";
}
