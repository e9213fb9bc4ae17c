import assert from "node:assert/strict";
import { Refusal } from "../../../proxy/fail_closed.ts";
import { parseRequestHead, parseResponseHead } from "../../../proxy/http1/message_head.ts";

const request = (...lines: string[]) =>
  parseRequestHead(["POST /x HTTP/1.1", "Host: a.test", ...lines].join("\r\n"));

function refusalOf(parse: () => unknown): Refusal {
  try {
    parse();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

/** Each of these is read in two ways by some pair of servers in use. */
const REFUSED_REQUESTS: Readonly<Record<string, { head: string; status: number }>> = {
  "Content-Length and Transfer-Encoding": {
    head: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked",
    status: 400,
  },
  "Transfer-Encoding and Content-Length": {
    head: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4",
    status: 400,
  },
  "two different Content-Lengths": {
    head: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5",
    status: 400,
  },
  "two equal Content-Lengths": {
    head: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 4",
    status: 400,
  },
  "a list as Content-Length": {
    head: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4, 4",
    status: 400,
  },
  "a signed Content-Length": {
    head: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +4",
    status: 400,
  },
  "a hexadecimal Content-Length": {
    head: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x4",
    status: 400,
  },
  "a Content-Length behind a no-break space": {
    head: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \xa04",
    status: 400,
  },
  "a Content-Length beyond any number": {
    head: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999",
    status: 400,
  },
  "an empty Content-Length": {
    head: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:",
    status: 400,
  },
  "two Transfer-Encodings": {
    head: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    status: 400,
  },
  "Transfer-Encoding: identity": {
    head: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity",
    status: 501,
  },
  "Transfer-Encoding: gzip, chunked": {
    head: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked",
    status: 501,
  },
  "Transfer-Encoding: xchunked": {
    head: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked",
    status: 501,
  },
  "Transfer-Encoding in HTTP/1.0": {
    head: "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked",
    status: 400,
  },
  "a folded header": { head: "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2", status: 400 },
  "a folded first header": { head: "GET / HTTP/1.1\r\n X: 1\r\nHost: a", status: 400 },
  "a space before the colon": {
    head: "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked",
    status: 400,
  },
  "a tab before the colon": { head: "GET / HTTP/1.1\r\nHost\t: a", status: 400 },
  "a header without a colon": { head: "GET / HTTP/1.1\r\nHost: a\r\nX", status: 400 },
  "a header without a name": { head: "GET / HTTP/1.1\r\nHost: a\r\n: 1", status: 400 },
  "a carriage return in a value": { head: "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r2", status: 400 },
  "a line feed in a value": { head: "GET / HTTP/1.1\r\nHost: a\r\nX: 1\nY: 2", status: 400 },
  "a NUL in a value": { head: "GET / HTTP/1.1\r\nHost: a\r\nX: \0", status: 400 },
  "a NUL in a name": { head: "GET / HTTP/1.1\r\nHost: a\r\nX\0: 1", status: 400 },
  "two Hosts": { head: "GET / HTTP/1.1\r\nHost: a\r\nHost: b", status: 400 },
  "two equal Hosts": { head: "GET / HTTP/1.1\r\nHost: a\r\nHost: a", status: 400 },
  "no Host": { head: "GET / HTTP/1.1\r\nX: 1", status: 400 },
  "HTTP/0.9": { head: "GET /", status: 400 },
  "HTTP/2.0": { head: "GET / HTTP/2.0\r\nHost: a", status: 400 },
  "two spaces in the request line": { head: "GET  / HTTP/1.1\r\nHost: a", status: 400 },
  "a space in the target": { head: "GET /a b HTTP/1.1\r\nHost: a", status: 400 },
  "a fragment in the target": { head: "GET /a#b HTTP/1.1\r\nHost: a", status: 400 },
  "a control character in the target": { head: "GET /\x01 HTTP/1.1\r\nHost: a", status: 400 },
  "a method that is no token": { head: "G(T / HTTP/1.1\r\nHost: a", status: 400 },
  "a lower-case protocol": { head: "GET / http/1.1\r\nHost: a", status: 400 },
  "nothing": { head: "", status: 400 },
  "a flood of headers": {
    head: "GET / HTTP/1.1\r\nHost: a" + "\r\nX: 1".repeat(1001),
    status: 431,
  },
};

for (const [name, { head, status }] of Object.entries(REFUSED_REQUESTS)) {
  Deno.test(`parseRequestHead() refuses ${name}`, () => {
    assert.equal(refusalOf(() => parseRequestHead(head)).status, status);
  });
}

const REFUSED_RESPONSES: Readonly<Record<string, string>> = {
  "Content-Length and Transfer-Encoding":
    "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked",
  "two different Content-Lengths": "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5",
  "a folded header": "HTTP/1.1 200 OK\r\nX: 1\r\n 2",
  "a status that is no number": "HTTP/1.1 abc OK",
  "a status of two digits": "HTTP/1.1 20 OK",
  "another protocol": "ICY 200 OK",
  "an unknown transfer coding": "HTTP/1.1 200 OK\r\nTransfer-Encoding: br",
  "a carriage return in the reason": "HTTP/1.1 200 O\rK",
};

for (const [name, head] of Object.entries(REFUSED_RESPONSES)) {
  Deno.test(`parseResponseHead() refuses ${name} as a bad gateway`, () => {
    assert.equal(refusalOf(() => parseResponseHead(head, "GET")).status, 502);
  });
}

Deno.test("parseRequestHead() keeps header lines in order and case", () => {
  const { lines, names } = request("x-ONE:1", "X-Two:  2 ", "accept: */*");
  assert.deepEqual(lines, ["Host: a.test", "x-ONE:1", "X-Two:  2 ", "accept: */*"]);
  assert.deepEqual(names, ["host", "x-one", "x-two", "accept"]);
});

Deno.test("parseRequestHead() joins the options of several Connection headers", () => {
  const { connection } = request("Connection: Keep-Alive, X-A", "connection: upgrade");
  assert.deepEqual([...connection], ["keep-alive", "x-a", "upgrade"]);
});

Deno.test("parseRequestHead() takes any method and any byte above ASCII in a target", () => {
  const { method, target } = parseRequestHead("PROPFIND /\xc3\xa4?q=\xff HTTP/1.1\r\nHost: a");
  assert.deepEqual([method, target], ["PROPFIND", "/\xc3\xa4?q=\xff"]);
});

Deno.test("parseRequestHead() takes a CONNECT without Host, as old clients send it", () => {
  assert.equal(parseRequestHead("CONNECT a.test:443 HTTP/1.1").method, "CONNECT");
});

/** RFC 9112 section 6.3. */
const FRAMINGS: Readonly<Record<string, { method?: string; head: string; kind: string }>> = {
  "a length": { head: "HTTP/1.1 200 OK\r\nContent-Length: 4", kind: "length" },
  "a length of nothing": { head: "HTTP/1.1 200 OK\r\nContent-Length: 0", kind: "none" },
  "equal lengths": {
    head: "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 4",
    kind: "length",
  },
  "chunks": { head: "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked", kind: "chunked" },
  "neither": { head: "HTTP/1.1 200 OK", kind: "until_close" },
  "HEAD": { method: "HEAD", head: "HTTP/1.1 200 OK\r\nContent-Length: 4", kind: "none" },
  "204": { head: "HTTP/1.1 204 No Content\r\nContent-Length: 4", kind: "none" },
  "304": { head: "HTTP/1.1 304 Not Modified\r\nContent-Length: 4", kind: "none" },
  "103": { head: "HTTP/1.1 103 Early Hints", kind: "none" },
  "a status line without reason or space": { head: "HTTP/1.1 204", kind: "none" },
};

for (const [name, { method = "GET", head, kind }] of Object.entries(FRAMINGS)) {
  Deno.test(`parseResponseHead() knows how long the body is: ${name}`, () => {
    assert.equal(parseResponseHead(head, method).framing.kind, kind);
  });
}

Deno.test("parseResponseHead() leaves the second of two equal Content-Lengths out", () => {
  const head = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX: 1\r\nContent-Length: 4";
  assert.deepEqual(parseResponseHead(head, "GET").lines, ["Content-Length: 4", "X: 1"]);
});
