/**
 * The least that a proxy in this runtime can do, to see what of a figure is the runtime's: bytes from
 * one connection to the other, and nothing of authsome. No request is read, no credential is added,
 * nothing is refused, and nobody waits for a slow reader.
 *
 * `bare_relay.ts tunnel PORTS`: an untouched tunnel of two `Deno.TcpConn`, one buffer for each
 * direction. `bare_relay.ts intercept PORTS ROOTS CERTIFICATE KEY`: TLS with one certificate
 * towards the client (`TLSSocket`, the one way to put it on an answered CONNECT) and TLS of its own
 * towards the server (`Deno.startTls`), whose connections are used again for the same host. Both were
 * the fastest of what was tried; see `docs/benchmarks.md`. Prints its port. PORTS says where the servers
 * are: `PORT,HOST=PORT,…`, the first one for all that are not named.
 *
 * `bare_relay.ts ask …` and `bare_relay.ts ask_first …` are `intercept` that asks somebody
 * (`bare_asking.ts`): before each request, or before the first one for a host. They connect to the
 * server while they ask, and not before there is a request.
 *
 * @module
 */
import net from "node:net";
import tls from "node:tls";
import { BareAsking } from "./bare_asking.ts";

const ESTABLISHED = "HTTP/1.1 200 Connection Established\r\n\r\n";
const PIECE_BYTES = 64 * 1024;

if (import.meta.main) {
  const [mode, ports, ...files] = Deno.args;
  const portOf = readPorts(ports!);
  if (mode === "tunnel") await serveTunnels(portOf(""));
  else {
    const [roots, cert, key] = files.map((file) => Deno.readTextFileSync(file));
    const ask = mode!.startsWith("ask") ? await asker(mode === "ask_first") : null;
    serveIntercepted(
      { portOf, caCerts: roots!, ask },
      tls.createSecureContext({ cert: cert!, key: key! }),
    );
  }
}

async function asker(onlyFirst: boolean): Promise<Origin["ask"]> {
  const asking = await BareAsking.start();
  if (!onlyFirst) return () => asking.ask("known");
  const asked = new Set<string>();
  return (host) => {
    if (asked.has(host)) return Promise.resolve();
    asked.add(host);
    return asking.ask("first");
  };
}

function readPorts(text: string): (host: string) => number {
  const [others, ...named] = text.split(",");
  const known = new Map(named.map((pair) => pair.split("=") as [string, string]));
  return (host) => Number(known.get(host) ?? others);
}

async function dial(port: number): Promise<Deno.TcpConn> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  connection.setNoDelay(true);
  return connection;
}

async function serveTunnels(port: number): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  say(listener.addr.port);
  for await (const client of listener) {
    relay(client, port).catch(() => {}).finally(() => client.close());
  }
}

async function relay(client: Deno.TcpConn, port: number): Promise<void> {
  client.setNoDelay(true);
  // The client of the bench writes its CONNECT at once and then waits.
  await client.read(new Uint8Array(PIECE_BYTES));
  const server = await dial(port);
  try {
    await client.write(new TextEncoder().encode(ESTABLISHED));
    await Promise.all([copy(client, server), copy(server, client)]);
  } finally {
    server.close();
  }
}

async function copy(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
  const piece = new Uint8Array(PIECE_BYTES);
  for (;;) {
    const count = await from.read(piece);
    if (count === null) return await to.closeWrite();
    for (let at = 0; at < count;) at += await to.write(piece.subarray(at, count));
  }
}

interface Origin {
  readonly portOf: (host: string) => number;
  readonly caCerts: string;
  /** Awaited before each request. */
  readonly ask: ((host: string) => Promise<void>) | null;
}

function serveIntercepted(origin: Origin, secureContext: tls.SecureContext): void {
  const idleOf = new Map<string, Upstream[]>();
  const server = net.createServer({ noDelay: true }, (socket) => {
    socket.on("error", () => socket.destroy());
    socket.once("data", (connect: Uint8Array) => {
      socket.pause();
      socket.write(ESTABLISHED);
      const host = /^CONNECT ([^:]+)/.exec(new TextDecoder().decode(connect))?.[1] ?? "";
      const client = new tls.TLSSocket(socket, {
        isServer: true,
        secureContext,
        ALPNProtocols: ["http/1.1"],
      });
      client.on("error", () => client.destroy());
      let idle = idleOf.get(host);
      if (idle === undefined) idleOf.set(host, idle = []);
      const take = (): Upstream => {
        const upstream = idle.pop() ?? new Upstream(host, origin);
        upstream.client = client;
        return upstream;
      };
      let upstream = origin.ask === null ? take() : null;
      client.on("data", (bytes: Uint8Array) => (upstream ??= take()).send(bytes));
      client.once("close", () => {
        if (upstream === null) return;
        upstream.client = null;
        idle.push(upstream);
      });
    });
  });
  server.listen(0, "127.0.0.1", () => say((server.address() as net.AddressInfo).port));
}

/** A connection to the server, for one client after the other. */
class Upstream {
  client: tls.TLSSocket | null = null;
  readonly #connection: Promise<Deno.TlsConn>;
  readonly #host: string;
  readonly #ask: Origin["ask"];
  #sent: Promise<unknown>;

  constructor(host: string, { portOf, caCerts, ask }: Origin) {
    this.#host = host;
    this.#ask = ask;
    this.#sent = this.#connection = connect(host, portOf(host), caCerts);
    void this.#receive();
  }

  send(bytes: Uint8Array): void {
    const asked = this.#ask?.(this.#host);
    this.#sent = this.#sent.then(async () => {
      const connection = await this.#connection;
      await asked;
      for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
    });
  }

  async #receive(): Promise<void> {
    const connection = await this.#connection;
    const piece = new Uint8Array(PIECE_BYTES);
    for (;;) {
      const count = await connection.read(piece);
      if (count === null) return;
      const { client } = this;
      // One piece at a time: the buffer is used again.
      await new Promise<void>((written) =>
        client === null ? written() : client.write(piece.subarray(0, count), () => written())
      );
    }
  }
}

async function connect(host: string, port: number, caCerts: string): Promise<Deno.TlsConn> {
  const connection = await Deno.startTls(await dial(port), {
    hostname: host,
    caCerts: [caCerts],
    alpnProtocols: ["http/1.1"],
  });
  await connection.handshake();
  return connection;
}

function say(port: number): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${port}\n`));
}
