/**
 * Named invariant: a request is read in one way, or not at all.
 *
 * The attack (request smuggling): the child sends bytes that the proxy takes for one request and the
 * server for two. The second one is then carried out with the credential of the first, at a path that
 * no rule was asked about, or its answer becomes the answer to somebody else's request on a shared
 * connection. Every way to say the length of a body twice, or to say it in a form that some servers
 * read and others do not, is tried; so are heads that never end, which cost memory instead.
 *
 * What must hold: the right status, the name of the offence in the audit log, the connection closed,
 * and nothing behind the offence ever at the server.
 */
import assert from "node:assert/strict";
import type { RawConnection } from "../support/raw_connection.ts";
import { startTestProxy, type TestProxy } from "../support/proxy_bench.ts";
import { startRawUpstream } from "../support/raw_upstream.ts";

const HOST = "api.acme.test";
const PLAIN = "plain.test";
const SMUGGLED = `GET /smuggled HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;

interface Attack {
  /** Lines behind the request line and Host, and the body. */
  readonly rest: string;
  readonly status: number;
  readonly name: string;
}

const chunked = (body: string): string => `Transfer-Encoding: chunked\r\n\r\n${body}`;

const ATTACKS: Readonly<Record<string, Attack>> = {
  "Content-Length and Transfer-Encoding": {
    rest: `Content-Length: 5\r\n${chunked("0\r\n\r\n")}`,
    status: 400,
    name: "AmbiguousLengthError",
  },
  "Transfer-Encoding and Content-Length": {
    rest: "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    status: 400,
    name: "AmbiguousLengthError",
  },
  "two lengths": {
    rest: "Content-Length: 0\r\nContent-Length: 44\r\n\r\n",
    status: 400,
    name: "AmbiguousLengthError",
  },
  "two equal lengths": {
    rest: "Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
    status: 400,
    name: "AmbiguousLengthError",
  },
  "a list of lengths": {
    rest: "Content-Length: 0, 44\r\n\r\n",
    status: 400,
    name: "AmbiguousLengthError",
  },
  "a length with a sign": {
    rest: "Content-Length: +0\r\n\r\n",
    status: 400,
    name: "AmbiguousLengthError",
  },
  "a hexadecimal length": {
    rest: "Content-Length: 0x0\r\n\r\n",
    status: 400,
    name: "AmbiguousLengthError",
  },
  "two transfer codings": {
    rest: "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    status: 400,
    name: "AmbiguousLengthError",
  },
  "an unknown transfer coding": {
    rest: "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    status: 501,
    name: "AmbiguousLengthError",
  },
  "a coding behind chunked": {
    rest: "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    status: 501,
    name: "AmbiguousLengthError",
  },
  "a vertical tab before chunked": {
    rest: "Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
    status: 400,
    name: "BadHeaderError",
  },
  "a space before the colon": {
    rest: "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    status: 400,
    name: "BadHeaderError",
  },
  "a folded Transfer-Encoding": {
    rest: "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    status: 501,
    name: "AmbiguousLengthError",
  },
  "a folded header (obs-fold)": {
    rest: "X: 1\r\n\tContent-Length: 44\r\n\r\n",
    status: 400,
    name: "BadHeaderError",
  },
  "a length behind a bare line feed": {
    rest: "X: 1\nContent-Length: 44\r\n\r\n",
    status: 400,
    name: "BadHeaderError",
  },
  "a length behind a bare carriage return": {
    rest: "X: 1\rContent-Length: 44\r\n\r\n",
    status: 400,
    name: "BadHeaderError",
  },
  "a header name with a NUL": {
    rest: "Content-Length\x00: 44\r\n\r\n",
    status: 400,
    name: "BadHeaderError",
  },
  "a chunk size with 0x": { rest: chunked("0x0\r\n\r\n"), status: 400, name: "BadChunkError" },
  "a chunk size with a sign": { rest: chunked("+0\r\n\r\n"), status: 400, name: "BadChunkError" },
  "a chunk size that overflows": {
    rest: chunked("10000000000000000\r\n\r\n"),
    status: 400,
    name: "BadChunkError",
  },
  "an empty chunk size": { rest: chunked("\r\n\r\n"), status: 400, name: "BadChunkError" },
  "a chunk size that ends in a bare line feed": {
    rest: chunked("0\n\n"),
    status: 400,
    name: "BadChunkError",
  },
  "a bare line feed in a chunk extension": {
    rest: chunked("5;x\nhello\r\n0\r\n\r\n"),
    status: 400,
    name: "BadChunkError",
  },
  "a chunk that is longer than its size": {
    rest: chunked("1\r\nab\r\n0\r\n\r\n"),
    status: 400,
    name: "BadChunkError",
  },
  "a host in the trailers": {
    rest: chunked("0\r\nHost: evil.test\r\n\r\n"),
    status: 400,
    name: "BadHeaderError",
  },
  "a folded trailer": {
    rest: chunked("0\r\nX: 1\r\n Y: 2\r\n\r\n"),
    status: 400,
    name: "BadChunkError",
  },
  "more than a thousand headers": {
    rest: "X: 1\r\n".repeat(1100) + "\r\n",
    status: 431,
    name: "HeadTooLargeError",
  },
  "a head of 300 KiB": {
    rest: `X: ${"a".repeat(300 * 1024)}\r\n\r\n`,
    status: 431,
    name: "HeadTooLargeError",
  },
  "trailers of 100 KiB": {
    rest: chunked("0\r\n" + `X: ${"a".repeat(1000)}\r\n`.repeat(100) + "\r\n"),
    status: 400,
    name: "BadChunkError",
  },
};

/** A server that writes down all it gets and never answers: what a smuggler would wish for. */
async function onStage(
  body: (test: TestProxy, seen: () => string) => Promise<void>,
): Promise<void> {
  let seen = "";
  const record = async (connection: RawConnection) => {
    const piece = new Uint8Array(64 * 1024);
    for (;;) {
      const count = await connection.conn.read(piece);
      if (count === null) return;
      seen += new TextDecoder("latin1").decode(piece.subarray(0, count));
    }
  };
  const secure = startRawUpstream(HOST, record);
  const plain = startRawUpstream(null, record);
  const test = await startTestProxy({
    servers: { [HOST]: secure.port, [`${PLAIN}:80`]: plain.port },
    authorities: [secure.authorityPem],
  });
  try {
    await body(test, () => seen);
  } finally {
    await test.close();
    await secure.close();
    await plain.close();
  }
}

async function reportedNames(test: TestProxy): Promise<string[]> {
  await test.proxy.close();
  return test.daemon.reported.flatMap(({ denials }) => denials).map(({ reason }) => reason);
}

for (const [what, { rest, status, name }] of Object.entries(ATTACKS)) {
  Deno.test(`${what}: ${status} ${name}, logged, closed, nothing smuggled (decrypted host)`, async () => {
    await onStage(async (test, seen) => {
      const client = await test.tunnel(HOST);
      const sending = client.write(`POST / HTTP/1.1\r\nHost: ${HOST}\r\n${rest}${SMUGGLED}`)
        .catch(() => {});
      await assertRefused(await client.readAll(), status, name);
      await sending;
      assert.ok(!seen().includes("/smuggled"));
      assert.deepEqual(await reportedNames(test), [name]);
    });
  });
  Deno.test(`${what}: ${status} ${name}, logged, closed, nothing smuggled (plain http)`, async () => {
    await onStage(async (test, seen) => {
      const raw = await test.dial();
      const head = `POST http://${PLAIN}/ HTTP/1.1\r\nHost: ${PLAIN}\r\n${test.authorization}`;
      const sending = raw.write(head + rest + SMUGGLED).catch(() => {});
      await assertRefused(await raw.readAll(), status, name);
      await sending;
      assert.ok(!seen().includes("/smuggled"));
      assert.deepEqual(await reportedNames(test), [name]);
    });
  });
}

function assertRefused(answer: string, status: number, name: string): void {
  assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
  assert.match(answer, /\r\nConnection: close\r\n/);
  const body = JSON.parse(answer.slice(answer.indexOf("\r\n\r\n") + 4));
  assert.equal(body.error, name);
  assert.match(body.message, /^Cannot read the request: /);
}

Deno.test("a second request behind a whole first one is judged like the first", async () => {
  await onStage(async (test, seen) => {
    const client = await test.tunnel(HOST);
    await client.write(
      `HEAD /first HTTP/1.1\r\nHost: ${HOST}\r\n\r\nGET /second HTTP/1.1\r\nHost: evil.test\r\n\r\n`,
    );
    client.close();
    assert.ok(!seen().includes("/second"));
  });
  await onStage(async (test) => {
    const client = await test.tunnel(HOST);
    await client.write(`TRACE / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n${SMUGGLED}`);
    const answer = await client.readAll();
    // One answer: what stands behind a refusal is not read.
    assert.equal(answer.match(/HTTP\/1\.1/g)!.length, 1);
    assert.match(answer, /^HTTP\/1\.1 405 /);
  });
});

const CONNECTS: Readonly<Record<string, { head: string; status: number; name: string }>> = {
  "an authority without a port": {
    head: `CONNECT ${HOST} HTTP/1.1`,
    status: 400,
    name: "BadTargetError",
  },
  "a URL": { head: `CONNECT https://${HOST}/ HTTP/1.1`, status: 400, name: "BadTargetError" },
  "user information": {
    head: `CONNECT a@${HOST}:443 HTTP/1.1`,
    status: 400,
    name: "BadTargetError",
  },
  "an address in an odd notation": {
    head: "CONNECT 0x7f.1:443 HTTP/1.1",
    status: 400,
    name: "BadTargetError",
  },
  "two targets": {
    head: `CONNECT ${HOST}:443 evil.test:443 HTTP/1.1`,
    status: 400,
    name: "BadRequestError",
  },
  "another version": { head: `CONNECT ${HOST}:443 HTTP/2.0`, status: 400, name: "BadRequestError" },
  "a head of 70 KiB": {
    head: `CONNECT ${HOST}:443 HTTP/1.1\r\nX: ${"a".repeat(70 * 1024)}`,
    status: 431,
    name: "HeadTooLargeError",
  },
};

for (const [what, { head, status, name }] of Object.entries(CONNECTS)) {
  Deno.test(`CONNECT with ${what}: ${status} ${name}, logged, closed`, async () => {
    await onStage(async (test, seen) => {
      const raw = await test.dial();
      const sending = raw.write(`${head}\r\n${test.authorization}\r\n`).catch(() => {});
      const answer = await raw.readAll();
      await sending;
      assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
      assert.match(answer, new RegExp(`"error":"${name}"`));
      assert.equal(seen(), "");
      assert.deepEqual(await reportedNames(test), [name]);
    });
  });
}

Deno.test("absolute-form inside a tunnel: 400 BadTargetError, logged by the tunnel's host", async () => {
  await onStage(async (test) => {
    const client = await test.tunnel(HOST);
    await client.write(`GET http://${HOST}/ HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    assert.match(await client.readAll(), /^HTTP\/1\.1 400 [^]*BadTargetError/);
    await test.proxy.close();
    const [denial] = test.daemon.reported.flatMap(({ denials }) => denials);
    assert.deepEqual([denial!.host, denial!.reason], [HOST, "BadTargetError"]);
  });
});

Deno.test("a flood of headers without an end takes no more memory than a head may have", async () => {
  await onStage(async (test) => {
    const client = await test.tunnel(HOST);
    let sent = 0;
    const piece = "X: 1\r\n".repeat(2000);
    const flood = (async () => {
      await client.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n`);
      for (;;) {
        await client.write(piece);
        sent += piece.length;
      }
    })().catch(() => {});
    assert.match(await client.readHead(), /^HTTP\/1\.1 431 /);
    // Taken and thrown away for a second at most, then the connection is gone.
    await flood;
    assert.ok(sent < 64 * 1024 * 1024, `${sent} bytes were taken`);
  });
});
