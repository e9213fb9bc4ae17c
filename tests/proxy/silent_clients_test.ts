/** Clients that stop in the middle of what they say, and clients that say nothing at all. */
import assert from "node:assert/strict";
import type { Timing } from "../../proxy/timing.ts";
import { startTestProxy, type TestProxy } from "../support/proxy_bench.ts";
import type { RawConnection } from "../support/raw_connection.ts";

const HOST = "api.acme.test";

interface Silence {
  readonly name: string;
  /** The wait that ends it; everything else is waited for as ever. */
  readonly timing: Partial<Timing>;
  /** What the client says before it falls silent. */
  readonly say: (test: TestProxy) => Promise<RawConnection>;
}

const SILENCES: readonly Silence[] = [
  { name: "nothing", timing: { headMs: 20 }, say: (test) => test.dial() },
  {
    name: "half of a CONNECT",
    timing: { headMs: 20 },
    say: (test) => dial(test, `CONNECT ${HOST}:443 HTTP/1.1\r\nHost: ${HOST}:443\r\n`),
  },
  {
    name: "half of a plain request's head",
    timing: { headMs: 20 },
    say: (test) => dial(test, `GET http://${HOST}/ HTTP/1.1\r\nHost:`),
  },
  {
    name: "half of a ClientHello",
    timing: { helloMs: 1 },
    say: async (test) => connect(test, (await clientHello()).subarray(0, 100)),
  },
  {
    name: "a ClientHello, and not the rest of the handshake",
    timing: { handshakeMs: 1 },
    say: async (test) => connect(test, await clientHello()),
  },
  {
    name: "a TLS handshake for HTTP/2, and no preface",
    timing: { prefaceMs: 1 },
    say: (test) => test.tunnel(HOST, { protocols: ["h2"] }),
  },
];

for (const { name, timing, say } of SILENCES) {
  Deno.test(`a client that says ${name} is not waited for without end`, async () => {
    const test = await startTestProxy({ timing });

    await ended(async () => {
      const client = await say(test);
      await client.readAll();
    });

    await test.close();
  });
}

Deno.test("a client that says nothing in a tunnel lets the server speak first", async () => {
  const server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = server.addr as Deno.NetAddr;
  const test = await startTestProxy({ servers: { [HOST]: port }, timing: { helloMs: 1 } });

  const { raw } = await test.connect(`${HOST}:443`);
  const peer = await server.accept();
  await peer.write(new TextEncoder().encode("220 ready\r\n"));

  assert.equal(await raw.readUntil("\r\n"), "220 ready\r\n");
  peer.close();
  server.close();
  await test.close();
});

Deno.test("a client that says nothing in a tunnel is left, where other hosts are refused", async () => {
  const test = await startTestProxy({ denyUnmatched: true, timing: { helloMs: 1 } });

  const { raw } = await test.connect(`${HOST}:443`);

  await ended(() => raw.readAll());
  await test.close();
});

async function dial(test: TestProxy, text: string): Promise<RawConnection> {
  const raw = await test.dial();
  await raw.write(text);
  return raw;
}

async function connect(test: TestProxy, bytes: Uint8Array): Promise<RawConnection> {
  const { raw } = await test.connect(`${HOST}:443`);
  await raw.write(bytes);
  return raw;
}

/** Does it until the proxy closes: with a reset where it has not read all, without a word in TLS. */
async function ended(talk: () => Promise<unknown>): Promise<void> {
  const { ConnectionReset, BrokenPipe, UnexpectedEof } = Deno.errors;
  try {
    await talk();
  } catch (error) {
    if ([ConnectionReset, BrokenPipe, UnexpectedEof].some((kind) => error instanceof kind)) return;
    throw error;
  }
}

/** What a real client says first. */
async function clientHello(): Promise<Uint8Array> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const client = await Deno.connect({ hostname: "127.0.0.1", port });
  const server = await listener.accept();
  listener.close();
  const handshake = Deno.startTls(client, { hostname: HOST }).then(async (tls) => {
    await tls.handshake().catch(() => {});
    tls.close();
  });
  const bytes = new Uint8Array(4096);
  const length = await server.read(bytes);
  server.close();
  await handshake;
  return bytes.subarray(0, length!);
}
