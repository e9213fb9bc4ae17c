/**
 * An answer that was cut off reaches the client as cut off, also where its end is the connection's: a
 * reset, and TLS that ends without a goodbye (close_notify), are not the end of a body.
 */
import assert from "node:assert/strict";
import net from "node:net";
import tls from "node:tls";
import { startTestProxy } from "../support/proxy_bench.ts";
import type { RawConnection } from "../support/raw_connection.ts";
import { makeTestCertificate } from "../support/tls_upstream.ts";

const HOST = "api.acme.test";
const certificate = makeTestCertificate([HOST]);

type Ending = "a clean end" | "an end without goodbye" | "a reset";

interface BreakingServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Sends `answer` to whoever asks, and ends the connection so. */
function startBreakingServer(
  answer: string,
  ending: Ending,
  { secure }: { readonly secure: boolean },
): Promise<BreakingServer> {
  const server = net.createServer((raw) => {
    const socket = !secure ? raw : new tls.TLSSocket(raw, {
      isServer: true,
      secureContext: tls.createSecureContext({
        cert: certificate.certificatePem,
        key: certificate.keyPem,
      }),
      ALPNProtocols: ["http/1.1"],
    });
    for (const each of [raw, socket]) each.on("error", () => {});
    socket.once("data", () => {
      socket.write(answer, () => {
        if (ending === "a clean end") socket.end();
        else if (ending === "a reset") raw.resetAndDestroy();
        else raw.destroy();
      });
    });
  });
  return new Promise((resolve) =>
    server.listen(0, "127.0.0.1", () =>
      resolve({
        port: (server.address() as net.AddressInfo).port,
        close: () => new Promise((closed) => server.close(() => closed())),
      }))
  );
}

/** How the client's way ended, behind the beginning of the answer. */
async function endOf(client: RawConnection): Promise<"cleanly" | "cut off"> {
  const body = await client.readAll().catch(() => null);
  client.close();
  return body === null ? "cut off" : "cleanly";
}

const FRAMINGS = {
  "that lasts until the end": "HTTP/1.1 200 OK\r\n\r\nhalf",
  "in HTTP/1.0": "HTTP/1.0 200 OK\r\n\r\nhalf",
  "with a length": "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
  "in chunks": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nhalf",
};
const UNTIL_END = FRAMINGS["that lasts until the end"];

for (const [framing, answer] of Object.entries(FRAMINGS)) {
  for (const secure of [false, true]) {
    for (const ending of ["an end without goodbye", "a reset"] as const) {
      // In clear text that is how such an answer ends.
      if (!secure && ending !== "a reset" && !/length|chunks/.test(framing)) continue;
      const name = `${ending} cuts off an answer ${framing}, over ${secure ? "TLS" : "plain TCP"}`;
      Deno.test(name, async () => {
        assert.equal(await relayed(answer, ending, secure), "cut off");
      });
    }
  }
}

for (const secure of [false, true]) {
  Deno.test(`an answer that ends cleanly is whole, over ${secure ? "TLS" : "plain TCP"}`, async () => {
    assert.equal(await relayed(UNTIL_END, "a clean end", secure), "cleanly");
  });
}

async function relayed(answer: string, ending: Ending, secure: boolean): Promise<string> {
  const server = await startBreakingServer(answer, ending, { secure });
  const test = await startTestProxy({
    servers: { [secure ? HOST : "plain.test:80"]: server.port },
    authorities: [certificate.authorityPem],
  });
  try {
    const client = await (secure ? test.tunnel(HOST) : test.dial());
    await client.write(
      secure
        ? `GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`
        : `GET http://plain.test/ HTTP/1.1\r\nHost: plain.test\r\n${test.authorization}\r\n`,
    );
    await client.readUntil("half");
    return await endOf(client);
  } finally {
    await test.close();
    await server.close();
  }
}

for (const [ending, expected] of [["a clean end", "cleanly"], ["a reset", "cut off"]] as const) {
  Deno.test(`${ending} of a server reaches the client of an untouched tunnel as what it is`, async () => {
    const server = await startBreakingServer(UNTIL_END, ending, { secure: false });
    const test = await startTestProxy({ servers: { "other.test:7000": server.port } });
    try {
      const { raw } = await test.connect("other.test:7000");
      await raw.write("hello");
      await raw.readUntil("half");
      if (expected === "cleanly") await (raw.conn as Deno.TcpConn).closeWrite();
      assert.equal(await endOf(raw), expected);
    } finally {
      await test.close();
      await server.close();
    }
  });
}
