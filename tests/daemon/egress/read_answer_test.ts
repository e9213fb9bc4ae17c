import { deepEqual, equal, rejects } from "node:assert/strict";
import { readAnswer } from "../../../daemon/egress/read_answer.ts";

/** A connection that brings `text` (as Latin-1) in pieces of `size` bytes and then ends. */
function source(text: string, size: number) {
  let rest = Uint8Array.from(text, (character) => character.charCodeAt(0));
  return {
    read(buffer: Uint8Array): Promise<number | null> {
      const count = Math.min(size, rest.length, buffer.length);
      buffer.set(rest.subarray(0, count));
      rest = rest.subarray(count);
      return Promise.resolve(count === 0 ? null : count);
    },
  };
}

const MAX_BODY_BYTES = 100_000;

async function read(text: string, { method = "POST", size = 4096 } = {}) {
  const { body, ...head } = await readAnswer(source(text, size), {
    method,
    maxBodyBytes: MAX_BODY_BYTES,
  });
  return { ...head, body: new TextDecoder().decode(body) };
}

const LONG = "x".repeat(MAX_BODY_BYTES);
const CHUNKED = "transfer-encoding: chunked\r\n\r\n";

const WHOLE: readonly (readonly [string, string, number, string])[] = [
  ["a length", "1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello"],
  ["bytes behind its length", "1.1 200 OK\r\nContent-Length: 2\r\n\r\nhello", 200, "he"],
  ["no reason phrase", "1.1 200\r\ncontent-length: 0\r\n\r\n", 200, ""],
  ["everything until the end", "1.1 200 OK\r\n\r\nhello", 200, "hello"],
  ["an older version", "1.0 200 OK\r\n\r\nhello", 200, "hello"],
  [
    "chunks, an extension and a trailer",
    `1.1 200 OK\r\n${CHUNKED}3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nA: b\r\n\r\n`,
    200,
    "hello",
  ],
  [
    "interim answers in front",
    "1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" +
    "HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno",
    404,
    "no",
  ],
  ["status 204 and a length", "1.1 204 No Content\r\ncontent-length: 5\r\n\r\n", 204, ""],
  ["status 304 and a length", "1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n", 304, ""],
  ["the largest body", `1.1 200 OK\r\ncontent-length: ${LONG.length}\r\n\r\n${LONG}`, 200, LONG],
  [
    "a field longer than the buffer",
    `1.1 200 OK\r\na: ${"y".repeat(40_000)}\r\ncontent-length: 0\r\n\r\n`,
    200,
    "",
  ],
];

for (const [name, text, status, body] of WHOLE) {
  for (const size of [1, 7, 200_000]) {
    Deno.test(`readAnswer() reads ${name}, in pieces of ${size}`, async () => {
      const answer = await read(`HTTP/${text}`, { size });
      deepEqual([answer.status, answer.body], [status, body]);
    });
  }
}

Deno.test("readAnswer() keeps fields as they came, in order, as Latin-1", async () => {
  const answer = await read(
    "HTTP/1.1 400 Sch\xf6n\r\nSet-Cookie: a=1\r\nset-cookie:\t b=2 \r\nX-\x79: \x80\xff\r\nempty:\r\n\r\n",
  );
  equal(answer.reason, "Sch\xf6n");
  deepEqual(answer.fields, [
    ["Set-Cookie", "a=1"],
    ["set-cookie", "b=2"],
    ["X-y", "\x80\xff"],
    ["empty", ""],
  ]);
});

Deno.test("readAnswer() reads no body of an answer to HEAD", async () => {
  const text = "HTTP/1.1 200 OK\r\ncontent-length: 500000\r\n\r\n";
  equal((await read(text, { method: "HEAD" })).body, "");
});

const BROKEN: readonly (readonly [string, string])[] = [
  ["nothing", ""],
  ["another protocol", "SSH-2.0-OpenSSH_9.2\r\n"],
  ["HTTP/2.0", "HTTP/2.0 200 OK\r\n\r\n"],
  ["a status of letters", "HTTP/1.1 OK\r\n\r\n"],
  ["a status beyond HTTP", "HTTP/1.1 600 What\r\n\r\n"],
  ["a switch of protocols", "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n"],
  ["a field without a colon", "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n"],
  ["a space in front of the colon", "HTTP/1.1 200 OK\r\ncontent-length : 2\r\n\r\nab"],
  ["a folded line", "HTTP/1.1 200 OK\r\na: b\r\n c\r\n\r\n"],
  ["a line ended by LF alone", "HTTP/1.1 200 OK\ncontent-length: 2\r\n\r\nab"],
  ["CR inside a line", "HTTP/1.1 200 OK\r\na: b\rcontent-length: 2\r\n\r\nab"],
  ["NUL in a field", "HTTP/1.1 200 OK\r\na: b\0c\r\n\r\n"],
  ["a head that stops", "HTTP/1.1 200 OK\r\na: b\r\n"],
  ["a body that stops", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello"],
  ["a negative length", "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n"],
  ["a signed length", "HTTP/1.1 200 OK\r\ncontent-length: +1\r\n\r\na"],
  ["a length in hexadecimal", "HTTP/1.1 200 OK\r\ncontent-length: 0x5\r\n\r\nhello"],
  ["a list of lengths", "HTTP/1.1 200 OK\r\ncontent-length: 1, 1\r\n\r\na"],
  ["two equal lengths", "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\na"],
  ["an empty length", "HTTP/1.1 200 OK\r\ncontent-length:\r\n\r\na"],
  ["a length beside chunks", `HTTP/1.1 200 OK\r\ncontent-length: 1\r\n${CHUNKED}0\r\n\r\n`],
  ["chunks named twice", `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n${CHUNKED}0\r\n\r\n`],
  ["another coding", "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n"],
  ["a coding spelt oddly", "HTTP/1.1 200 OK\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n"],
  ["chunks in HTTP/1.0", `HTTP/1.0 200 OK\r\n${CHUNKED}0\r\n\r\n`],
  ["chunks that stop", `HTTP/1.1 200 OK\r\n${CHUNKED}5\r\nhel`],
  ["chunks without a last one", `HTTP/1.1 200 OK\r\n${CHUNKED}5\r\nhello\r\n`],
  ["trailers that stop", `HTTP/1.1 200 OK\r\n${CHUNKED}0\r\nA: b\r\n`],
  ["a chunk without a size", `HTTP/1.1 200 OK\r\n${CHUNKED}\r\nhello\r\n`],
  ["a negative chunk", `HTTP/1.1 200 OK\r\n${CHUNKED}-5\r\nhello\r\n`],
  ["a chunk size beyond 32 bits", `HTTP/1.1 200 OK\r\n${CHUNKED}100000005\r\nhello\r\n`],
  ["a chunk longer than it says", `HTTP/1.1 200 OK\r\n${CHUNKED}2\r\nhello\r\n0\r\n\r\n`],
  ["a line without an end", `HTTP/1.1 200 ${"x".repeat(200_000)}`],
  ["fields without an end", `HTTP/1.1 200 OK\r\n${"a: bbbbbbbbbbbbbbbb\r\n".repeat(10_000)}\r\n`],
  ["interim answers without an end", "HTTP/1.1 100 Continue\r\n\r\n".repeat(10_000)],
  ["extensions without an end", `HTTP/1.1 200 OK\r\n${CHUNKED}1;${"x".repeat(200_000)}`],
  ["trailers without an end", `HTTP/1.1 200 OK\r\n${CHUNKED}0\r\n${"a: b\r\n".repeat(100_000)}`],
];

for (const [name, text] of BROKEN) {
  for (const size of [1, 4096]) {
    Deno.test(`readAnswer() refuses ${name}, in pieces of ${size}`, async () => {
      await rejects(read(text, { size }), TypeError);
    });
  }
}

const TOO_LARGE: readonly (readonly [string, string])[] = [
  ["a length", `content-length: ${MAX_BODY_BYTES + 1}\r\n\r\n`],
  ["one chunk", `${CHUNKED}fffffff0\r\n`],
  ["many chunks", `${CHUNKED}${`3e8\r\n${"x".repeat(1000)}\r\n`.repeat(101)}0\r\n\r\n`],
  ["no end", `\r\n${LONG}x`],
];

for (const [name, text] of TOO_LARGE) {
  Deno.test(`readAnswer() refuses a body that is too large by ${name}`, async () => {
    await rejects(read(`HTTP/1.1 200 OK\r\n${text}`), RangeError);
  });
}
