/**
 * No server reads a request differently from us: requests by chance go through the proxy to servers of
 * four other makers, and what each says that it read is held against what we read. A request that one
 * of the two refuses is fine; one that they read in two ways is how a credential leaves with the wrong
 * request. The seeds are fixed; `FUZZ_ROUNDS` asks for more of it.
 */
import assert from "node:assert/strict";
import { Refusal } from "../../../proxy/fail_closed.ts";
import { endToEndLines } from "../../../proxy/hop_by_hop.ts";
import { EndOfStream } from "../../../proxy/http1/byte_reader.ts";
import { parseRequestHead, type RequestHead } from "../../../proxy/http1/message_head.ts";
import {
  HTTP_SERVERS,
  type Reading,
  readingOf,
  type ReadingServer,
  startReadingServer,
} from "../../support/http_servers.ts";
import { comparableFields } from "../../support/comparable_fields.ts";
import { startTestProxy, type TestProxy } from "../../support/proxy_bench.ts";
import { mutatedText, readerOf, readPayload } from "../../support/chance_text.ts";
import { pick, type Random, randomOf } from "../../support/seeded_random.ts";

const ROUNDS = Math.ceil(Number(Deno.env.get("FUZZ_ROUNDS") ?? 4000) / 10);
const HOST = "plain.test";

const METHODS = ["GET", "GET", "POST", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"];
const VERSIONS = ["1.1", "1.1", "1.1", "1.1", "1.1", "1.0"];
const CHUNKED = "Transfer-Encoding: chunked";
const LENGTH = "Content-Length: 5";

/** What says how long a body is, and a body; most of them fit. */
const BODIES: readonly (readonly [lines: readonly string[], body: string])[] = [
  [[], ""],
  [["Content-Length: 0"], ""],
  [[LENGTH], "hello"],
  [["content-length:\t5 "], "hello"],
  [["Content-Length: 00005"], "hello"],
  [[CHUNKED], "5\r\nhello\r\n0\r\n\r\n"],
  [["transfer-encoding:\tChunked "], "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"],
  [[CHUNKED, "Trailer: X-Sum"], '5;a=b;c="d"\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n'],
  [[CHUNKED], "005 \r\nhello\r\n00\r\n\r\n"],
  [[CHUNKED], "0\r\n\r\n"],
  [[CHUNKED], "A;\r\n0123456789\r\n0;z\r\n\r\n"],
  [[CHUNKED], "5\r\nhello\r\n0\r\nContent-Length: 9\r\nHost: evil.test\r\n\r\n"],
  [[CHUNKED, LENGTH], "5\r\nhello\r\n0\r\n\r\n"],
  [[LENGTH, "Content-Length: 6"], "hello!"],
  [["Content-Length: 5, 5"], "hello"],
  [["Content-Length: +5"], "hello"],
  [["Content-Length : 5"], "hello"],
  [["Transfer-Encoding:\x0bchunked"], "5\r\nhello\r\n0\r\n\r\n"],
  [["Transfer-Encoding: chunked, identity"], "5\r\nhello\r\n0\r\n\r\n"],
  [["Transfer-Encoding: identity", LENGTH], "hello"],
  [["Transfer_Encoding: chunked"], ""],
  [["Content_Length: 5"], ""],
  [["X: 1\r\n Content-Length: 5"], "hello"],
];

/** Lines that some server may take for more than they are. */
const LINES = [
  "Accept: */*",
  "Cookie: a=b",
  "X-Empty:",
  "X-Space: \t a  b \t",
  "X-High: \xe9\x85\xa0\xff",
  'X-Quote: "a\\"b", c',
  "Connection: close, X-Named",
  "X-Named: 1",
  "Connection: content-length, transfer-encoding",
  "Connection: keep-alive",
  "Keep-Alive: timeout=5",
  "Expect: 100-continue",
  "TE: trailers",
  "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk",
  "Host: evil.test",
  "X-Host: evil.test",
  "X\xe9: 1",
  "X(: 1",
  ": 1",
  "X-Bare: a\rContent-Length: 9",
  "X-Feed: a\nContent-Length: 9",
  "X-Nul: a\0b",
  "Proxy-Connection: keep-alive",
  "Content-Type: text/plain",
  "Date: Thu, 01 Jan 1970 00:00:00 GMT",
];

const PIECES = [
  ..."\r\n\t :;,=/?%0aA5f-+.\0\x0b\x7f\x85\xa0\xff",
  "\r\n",
  "\r\n\r\n",
  ":",
  "5\r\n",
];

/** One request to the proxy. */
function makeRequest(name: string, authorization: string, random: Random): string {
  const [framing, body] = pick(BODIES, random);
  const lines = [`Host: ${HOST}`, authorization.trim(), ...framing];
  for (let more = random(4); more > 0; more--) {
    lines.splice(random(lines.length + 1), 0, pick(LINES, random));
  }
  const target = `http://${HOST}/${name}${pick(["", "?q=1", "/%2e%2e/x", "//y", "\xe9"], random)}`;
  const line = `${pick(METHODS, random)} ${target} HTTP/${pick(VERSIONS, random)}`;
  const text = [line, ...lines].join("\r\n") + "\r\n\r\n" + body;
  return random(4) === 0 ? mutatedText(text, PIECES, random) : text;
}

/** How we read them, up to what we refuse or what is not all there. */
async function readOurselves(text: string): Promise<Reading[]> {
  const reader = readerOf(text);
  const readings: Reading[] = [];
  try {
    for (;;) {
      const headText = await reader.readHead("request");
      if (headText === null) return readings;
      const head = parseRequestHead(headText);
      const body = await readPayload(reader, head.framing, "request");
      readings.push({
        method: head.method,
        target: pathOf(head),
        fields: comparable([
          ...endToEndLines(head).lines,
          // HTTP/1.0 may leave it out, and the server must not choose a host by itself.
          ...(head.host === null ? [`Host: ${HOST}:80`] : []),
        ]),
        body,
      });
      if (head.connection.has("close") || !head.isHttp11) return readings;
    }
  } catch (error) {
    if (error instanceof Refusal || error instanceof EndOfStream) return readings;
    throw error;
  }
}

/** As `plan_plain.ts` sends it. */
function pathOf({ method, target }: RequestHead): string {
  const path = target.replace(/^http:\/\/[^/?]*/i, "");
  if (path === "") return method === "OPTIONS" ? "*" : "/";
  return path.startsWith("/") ? path : `/${path}`;
}

/** Of one connection only, or turned into something else by the libraries that we ask. */
const UNCOMPARED =
  /^(?:connection|content-length|transfer-encoding|trailer|te|expect|upgrade|x-sum):/;

function comparable(fields: readonly string[]): string[] {
  return comparableFields(fields, UNCOMPARED);
}

/** Final answers on a connection that a proxy's client made. */
const ANSWER = /HTTP\/1\.[01] ([2-5]\d\d)[^\r]*\r\n(?:[^\r]+\r\n)*\r\n/g;
const PATIENCE_MS = 30_000;

/** Sends it, and reads until `wanted` answers are here or the proxy has ended the connection. */
async function ask(test: TestProxy, text: string, wanted: number): Promise<string[]> {
  const client = await test.dial();
  const timer = setTimeout(() => client.close(), PATIENCE_MS);
  let isEnded = false;
  let got = "";
  try {
    await client.write(text).catch(() => {});
    const buffer = new Uint8Array(16 * 1024);
    for (;;) {
      const answers = [...got.matchAll(ANSWER)].map(([head]) => head);
      if (isEnded || (answers.length >= wanted && wanted > 0)) return answers;
      const count = await client.conn.read(buffer);
      isEnded = count === null;
      got += String.fromCharCode(...buffer.subarray(0, count ?? 0));
    }
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionReset) return [];
    throw new Error(`no answer in time, after ${JSON.stringify(got)}`, { cause: error });
  } finally {
    clearTimeout(timer);
    client.close();
  }
}

async function compare(server: ReadingServer, seed: number): Promise<void> {
  const random = randomOf(seed);
  const test = await startTestProxy({ servers: { [`${HOST}:80`]: server.port } });
  const read: string[] = [];
  let refused = 0;
  try {
    for (let round = 0; round < ROUNDS; round++) {
      let text = "";
      for (let number = random(3); number >= 0; number--) {
        text += makeRequest(`${round}-${number}`, test.authorization, random);
      }
      text +=
        `GET http://${HOST}/${round}-last HTTP/1.1\r\nHost: ${HOST}\r\n${test.authorization}` +
        "Connection: close\r\n\r\n";
      const ours = await readOurselves(text);
      if (ours.length === 0) {
        refused++;
        continue;
      }
      const answers = await ask(test, text, ours.length);
      const what = JSON.stringify(text);
      assert.ok(answers.length > 0, what);
      for (const [index, answer] of answers.entries()) {
        const theirs = readingOf(answer);
        // Refused, by them or by us for where it leads.
        if (theirs === null) {
          refused++;
          continue;
        }
        read.push(theirs.target);
        assert.deepEqual({ ...theirs, fields: comparable(theirs.fields) }, ours[index], what);
      }
    }
    // None that they read and nobody asked for.
    assert.deepEqual(await server.targets(), read);
    const [isRead, isRefused] = [read.length > ROUNDS / 4, refused > ROUNDS / 4];
    assert.ok(isRead && isRefused, `${read.length} were read, ${refused} refused`);
  } finally {
    await test.close();
  }
}

const directory = await Deno.makeTempDir();
Deno.test.afterAll(() => Deno.remove(directory, { recursive: true }));

for (const [index, [name, find]] of Object.entries(HTTP_SERVERS).entries()) {
  const command = await find(directory);
  const title = `fuzz: ${name} reads every request as we do`;
  const isHere = command !== null;
  Deno.test(isHere ? title : `${title} (not here)`, { ignore: !isHere }, async () => {
    const server = await startReadingServer(command!);
    try {
      await compare(server, index + 1);
    } finally {
      await server.close();
    }
  });
}
