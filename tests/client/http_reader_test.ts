import { deepEqual, equal, rejects } from "node:assert/strict";
import { HttpReader } from "../../client/http_reader.ts";

/** A connection that brings `text` in pieces of `size` bytes and then ends. */
function source(text: string, size = 7) {
  let rest = new TextEncoder().encode(text);
  return {
    read(buffer: Uint8Array): Promise<number | null> {
      const count = Math.min(size, rest.length, buffer.length);
      buffer.set(rest.subarray(0, count));
      rest = rest.subarray(count);
      return Promise.resolve(count === 0 ? null : count);
    },
  };
}

async function readAnswer(reader: HttpReader): Promise<{ status: number; body: string } | null> {
  const head = await reader.readHead();
  if (head === null) return null;
  let body = "";
  for await (const chunk of reader.readBody(head)) body += new TextDecoder().decode(chunk);
  return { status: head.status, body };
}

const LONG = "x".repeat(100_000);

const ANSWERS: readonly (readonly [name: string, text: string, status: number, body: string])[] = [
  ["a length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello"],
  ["no body", "HTTP/1.1 204 No Content\r\n\r\n", 204, ""],
  ["no reason phrase", "HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n", 200, ""],
  [
    "chunks, an extension and a trailer",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nA: b\r\n\r\n",
    200,
    "hello",
  ],
  ["everything until the end", "HTTP/1.1 200 OK\r\n\r\nhello", 200, "hello"],
  [
    "an interim answer in front",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno",
    404,
    "no",
  ],
  ["a long body", `HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n${LONG}`, 200, LONG],
  [
    "a long field",
    `HTTP/1.1 200 OK\r\na: ${"y".repeat(40_000)}\r\ncontent-length: 0\r\n\r\n`,
    200,
    "",
  ],
];

for (const [name, text, status, body] of ANSWERS) {
  for (const size of [1, 7, 100_000]) {
    Deno.test(`HttpReader reads ${name}, in pieces of ${size}`, async () => {
      deepEqual(await readAnswer(new HttpReader(source(text, size))), { status, body });
    });

    Deno.test(`HttpReader reads ${name} as text, in pieces of ${size}`, async () => {
      const reader = new HttpReader(source(text, size));
      const head = await reader.readHead();
      equal(await reader.readText(head!), body);
    });
  }
}

const BROKEN: readonly (readonly [name: string, text: string])[] = [
  ["another protocol", "SSH-2.0-OpenSSH_9.2\r\n"],
  ["HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\n"],
  ["a status of letters", "HTTP/1.1 OK\r\n\r\n"],
  ["a field without a colon", "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n"],
  ["a head that stops", "HTTP/1.1 200 OK\r\na: b\r\n"],
  ["a body that stops", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello"],
  ["a negative length", "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n"],
  ["a length of letters", "HTTP/1.1 200 OK\r\ncontent-length: 0x5\r\n\r\nhello"],
  ["chunks that stop", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel"],
  ["a chunk without a size", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nhello\r\n"],
  [
    "a chunk longer than it says",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhello\r\n",
  ],
  ["a line without an end", `HTTP/1.1 200 ${"x".repeat(200_000)}`],
  ["fields without an end", `HTTP/1.1 200 OK\r\n${"a: bbbbbbbbbbbbbbbb\r\n".repeat(10_000)}\r\n`],
];

for (const [name, text] of BROKEN) {
  Deno.test(`HttpReader refuses ${name}`, async () => {
    await rejects(readAnswer(new HttpReader(source(text, 4096))), TypeError);
  });
}

Deno.test("HttpReader reads one answer after the other, and null at the end", async () => {
  const answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n";
  const reader = new HttpReader(source(`${answer}ab${answer}cd`, 1000));

  equal((await readAnswer(reader))?.body, "ab");
  equal((await readAnswer(reader))?.body, "cd");
  equal(await readAnswer(reader), null);
});

Deno.test("HttpReader reads a letter that comes in two pieces as text, and the next answer", async () => {
  const answer = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n";
  const reader = new HttpReader(source(`${answer}é12${answer}abcd`, 1));
  for (const text of ["é12", "abcd"]) {
    equal(await reader.readText((await reader.readHead())!), text);
  }
});

for (const length of ["5", "0x10", "1e3"]) {
  Deno.test(`HttpReader reads no text of an answer that breaks off, length ${length}`, async () => {
    const reader = new HttpReader(source(`HTTP/1.1 200 OK\r\ncontent-length: ${length}\r\n\r\nhi`));
    const head = await reader.readHead();
    await rejects(reader.readText(head!), TypeError);
  });
}
