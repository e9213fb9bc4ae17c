/**
 * Named invariant: what is refused costs nothing afterwards.
 *
 * The attack: a child sends the same offence again and again, each time on a connection of its own, with
 * as many bytes as it is let. If the proxy kept any of them, or the connection, the run would grow
 * until the machine ends it, and with it everything else that the run does.
 */
import assert from "node:assert/strict";
import v8 from "node:v8";
import vm from "node:vm";
import { openConnections } from "../support/open_connections.ts";
import type { RawConnection } from "../support/raw_connection.ts";
import { startTestProxy, type TestProxy } from "../support/proxy_bench.ts";
import { startRawUpstream } from "../support/raw_upstream.ts";
import { until } from "../support/until.ts";

const HOST = "api.acme.test";
const PLAIN = "plain.test";
const KIB = 1024;
const TIMES = 50;
/** What a run may be larger by afterwards. Of one offence, all that was sent would be far more. */
const MOST = 2 * KIB * KIB;
/** Connections take a moment to end, and what they held one more to be collected. */
const LOOKS = 20;

type Offence = (test: TestProxy) => Promise<void>;

/** Sends `text`, reads the refusal to its end. */
async function refused(connection: RawConnection, text: string, status: number): Promise<void> {
  const sending = connection.write(text).catch(() => {});
  assert.match(await connection.readAll(), new RegExp(`^HTTP/1\\.1 ${status} `));
  await sending;
  connection.close();
}

/** Sends `bytes` and leaves. */
async function left(connection: RawConnection, bytes: string): Promise<void> {
  await connection.write(bytes);
  connection.close();
}

const chunked = (path: string, body: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n${body}`;

const OFFENCES: Readonly<Record<string, Offence>> = {
  "a head of 300 KiB": async (test) =>
    refused(
      await test.tunnel(HOST),
      `GET / HTTP/1.1\r\nHost: ${HOST}\r\nX: ${"a".repeat(300 * KIB)}\r\n\r\n`,
      431,
    ),
  "a flood of headers": async (test) =>
    refused(
      await test.tunnel(HOST),
      `GET / HTTP/1.1\r\nHost: ${HOST}\r\n${"X: aaaaaaaaaaaaaa\r\n".repeat(12_000)}\r\n`,
      431,
    ),
  "trailers of 100 KiB": async (test) =>
    refused(await test.tunnel(HOST), chunked("/", `0\r\nX: ${"a".repeat(100 * KIB)}\r\n\r\n`), 400),
  "a body of broken chunks": async (test) =>
    refused(
      await test.tunnel(HOST),
      chunked("/", `10000\r\n${"a".repeat(64 * KIB)}\r\n0x1\r\n`),
      400,
    ),
  "another authority, with a body": async (test) =>
    refused(
      await test.tunnel(HOST),
      `POST / HTTP/1.1\r\nHost: evil.test\r\nContent-Length: ${200 * KIB}\r\n\r\n` +
        "a".repeat(200 * KIB),
      421,
    ),
  "a second request that is smuggled": async (test) =>
    refused(
      await test.dial(),
      `POST http://${PLAIN}/ HTTP/1.1\r\nHost: ${PLAIN}\r\n${test.authorization}` +
        `Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n${"a".repeat(100 * KIB)}`,
      400,
    ),
  "a CONNECT of 70 KiB": async (test) =>
    refused(
      await test.dial(),
      `CONNECT ${HOST}:443 HTTP/1.1\r\nX: ${"a".repeat(70 * KIB)}\r\n\r\n`,
      431,
    ),
  "half a head, and gone": async (test) =>
    left(await test.dial(), `GET http://${PLAIN}/ HTTP/1.1\r\nX: ${"a".repeat(50 * KIB)}`),
  "half a ClientHello, and gone": async (test) => {
    const { raw } = await test.connect(`${HOST}:443`);
    const record = (text: string) => `\x16\x03\x01\x40\x00${text.padEnd(16 * KIB, "a")}`;
    await left(raw, record("\x01\x00\xff\xfb") + record("") + record(""));
  },
  "half a body, and gone": async (test) =>
    left(
      await test.tunnel(HOST),
      `POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 1000000\r\n\r\n${"a".repeat(100 * KIB)}`,
    ),
};

v8.setFlagsFromString("--expose-gc");
const collect: () => void = vm.runInNewContext("globalThis.gc");

/** Bytes in use by this process, which is the proxy's too. */
async function inUse(): Promise<number> {
  for (let turn = 0; turn < 3; turn++) {
    await new Promise((resolve) => setTimeout(resolve));
    collect();
  }
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

for (const [what, commit] of Object.entries(OFFENCES)) {
  Deno.test(`${what}, ${TIMES} times: no memory and no connection is left`, async () => {
    const swallow = async (connection: RawConnection) => void await connection.readAll();
    const api = startRawUpstream(HOST, swallow);
    const plain = startRawUpstream(null, swallow);
    const test = await startTestProxy({
      servers: { [HOST]: api.port, [`${PLAIN}:80`]: plain.port },
      authorities: [api.authorityPem],
    });
    const repeat = async (times: number) => {
      for (let time = 0; time < times; time++) await commit(test);
    };
    const openEnds = () => openConnections(test.proxy.port, api.port, plain.port);
    await repeat(15);
    const ends = openEnds();
    const leftBehind = async () => {
      const before = await inUse();
      await repeat(TIMES);
      await until(() => openEnds() <= ends + 5);
      let left = await inUse() - before;
      for (let look = 1; left >= MOST && look < LOOKS; look++) left = await inUse() - before;
      return left;
    };

    // What is loaded or compiled at some time is left once; what is kept of an offence, each time.
    const left = [await leftBehind()];
    while (left.at(-1)! >= MOST && left.length < 3) left.push(await leftBehind());

    assert.ok(left.at(-1)! < MOST, `${left} bytes are left`);
    await test.close();
    await api.close();
    await plain.close();
  });
}
