/**
 * The servers of a soak: one behind TLS for all hosts, one over plain HTTP. They judge every request
 * as it arrives and answer each kind of traffic.
 *
 * @module
 */
import { makeTestCertificate } from "../../tests/support/tls_upstream.ts";
import { EPOCH_HEADER, type Ledger } from "./ledger.ts";

/** Hosts of a soak. */
export const HOSTS = {
  /** Its key never changes. */
  fixed: "api.acme.test",
  /** Its key changes all the time. */
  changing: "api.beta.test",
  /** No login covers it. */
  tunnelled: "www.acme.test",
  /** Over plain HTTP. */
  plain: "plain.acme.test",
} as const;

/** Header that carries the key. */
export const KEY_HEADER = "x-api-key";
/** The key of the host whose key never changes. */
export const FIXED_KEY = "ak_live_00000000000000000000000000000000";

/** Running servers. */
export interface SoakServer {
  readonly port: number;
  readonly plainPort: number;
  readonly authorityPem: string;
  close(): Promise<void>;
}

/** Starts them. */
export function startSoakServer(ledger: Ledger): SoakServer {
  const { fixed, changing, tunnelled } = HOSTS;
  const { certificatePem, keyPem, authorityPem } = makeTestCertificate([
    fixed,
    changing,
    tunnelled,
  ]);
  const handle = (request: Request): Response | Promise<Response> => {
    judge(request, ledger);
    return answer(request);
  };
  const common = { hostname: "127.0.0.1", port: 0, onListen() {}, onError: () => new Response() };
  const servers = [
    Deno.serve({ ...common, cert: certificatePem, key: keyPem }, handle),
    Deno.serve(common, handle),
  ];
  return {
    port: servers[0]!.addr.port,
    plainPort: servers[1]!.addr.port,
    authorityPem,
    close: async () => {
      await Promise.all(servers.map((server) => server.shutdown()));
    },
  };
}

function judge(request: Request, ledger: Ledger): void {
  const { hostname } = new URL(request.url);
  const key = request.headers.get(KEY_HEADER);
  if (hostname === HOSTS.changing) ledger.judgeChanging(key, request.headers.get(EPOCH_HEADER));
  else ledger.judgeFixed(key, hostname === HOSTS.fixed ? FIXED_KEY : null, hostname);
}

async function answer(request: Request): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  switch (pathname) {
    case "/socket": {
      const { socket, response } = Deno.upgradeWebSocket(request);
      socket.onmessage = ({ data }) => socket.send(data);
      socket.onerror = () => {};
      return response;
    }
    case "/events":
      return new Response(events(), { headers: { "content-type": "text/event-stream" } });
    case "/download": {
      const length = Number(searchParams.get("bytes"));
      return new Response(zeros(length), { headers: { "content-length": String(length) } });
    }
    case "/upload": {
      let received = 0;
      for await (const piece of request.body ?? []) received += piece.length;
      return new Response(String(received));
    }
    default:
      return new Response(request.body === null ? "hello" : await request.bytes());
  }
}

/** Server-sent events: some, with a moment between them. */
function events(): ReadableStream<Uint8Array> {
  let sent = 0;
  return new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, EVENT_EVERY_MS));
      controller.enqueue(new TextEncoder().encode(`data: ${sent}\n\n`));
      if (++sent === EVENTS) controller.close();
    },
  });
}

/** How many events a stream has. */
export const EVENTS = 20;
const EVENT_EVERY_MS = 25;

function zeros(length: number): ReadableStream<Uint8Array> {
  let left = length;
  return new ReadableStream({
    pull(controller) {
      const size = Math.min(left, 64 * 1024);
      if (size > 0) controller.enqueue(new Uint8Array(size));
      left -= size;
      if (left === 0) controller.close();
    },
  });
}
