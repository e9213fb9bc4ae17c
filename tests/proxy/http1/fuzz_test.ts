/**
 * Random and mutated input for everything that reads bytes of strangers. The seeds are fixed, so a
 * failure comes again; `FUZZ_ROUNDS` asks for more of it.
 */
import assert from "node:assert/strict";
import { compileRoutes, isRoutedHost, matchRoute } from "../../../core/route_table.ts";
import { parseClientHello } from "../../../proxy/client_hello.ts";
import { parseConnectTarget } from "../../../proxy/connect_target.ts";
import { Refusal } from "../../../proxy/fail_closed.ts";
import { ChunkScanner } from "../../../proxy/http1/chunk_scanner.ts";
import { parseRequestHead, parseResponseHead } from "../../../proxy/http1/message_head.ts";
import { MessageUnpacker } from "../../../proxy/http2/message_unpacker.ts";
import { makeRoute } from "../../support/fake_daemon.ts";
import { type Random, randomOf } from "../../support/seeded_random.ts";

/** `.ci/run` tries a million inputs in all. */
const USUAL = Deno.env.get("CI") === "true" ? 170_000 : 4000;
const ROUNDS = Number(Deno.env.get("FUZZ_ROUNDS") ?? USUAL);

const PIECES = [
  ..."\r\n\t :;,=/?#%@[]()0aA1f9xX-+.\0\x7f\x80\xff",
  "\r\n",
  "\r\n\r\n",
  "GET ",
  "POST /",
  " HTTP/1.1",
  " HTTP/1.0",
  "HTTP/1.1 200 OK",
  "Host: a.test",
  "Host:",
  "Content-Length: 5",
  "Content-Length:",
  "Transfer-Encoding: chunked",
  "Transfer-Encoding:",
  "Connection: close",
  "5\r\nhello\r\n",
  "0\r\n\r\n",
  "ffffffff",
  ":443",
];

function mutate(text: string, random: Random): string {
  for (let changes = random(4) + 1; changes > 0; changes--) {
    const at = random(text.length + 1);
    const piece = PIECES[random(PIECES.length)]!;
    const removed = random(4);
    text = text.slice(0, at) + (random(3) > 0 ? piece : "") + text.slice(at + removed);
  }
  return text;
}

/** Calls it; a refusal is fine, anything else thrown is a fault of ours. */
function accepted<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}

Deno.test("fuzz: an accepted request head has one meaning", () => {
  const random = randomOf(1);
  const seed = "POST /a?b HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\nX-Y: z";
  for (let round = 0; round < ROUNDS; round++) {
    const text = mutate(seed, random);
    const head = accepted(() => parseRequestHead(text));
    if (head === null) continue;
    const named = (name: string) => head.names.filter((each) => each === name).length;
    assert.doesNotMatch(head.lines.join("") + head.target + head.method, /[\0\r\n]/);
    assert.ok(named("content-length") <= 1 && named("host") <= 1, text);
    assert.ok(named("content-length") + named("transfer-encoding") <= 1, text);
    if (named("transfer-encoding") === 1) assert.equal(head.framing.kind, "chunked", text);
    // What goes out again reads the same again.
    const again = parseRequestHead(
      [`${head.method} ${head.target} HTTP/1.${head.isHttp11 ? 1 : 0}`, ...head.lines].join("\r\n"),
    );
    assert.deepEqual(again, head);
  }
});

Deno.test("fuzz: an accepted response head has one meaning", () => {
  const random = randomOf(2);
  const seed = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nSet-Cookie: a=b";
  for (let round = 0; round < ROUNDS; round++) {
    const text = mutate(seed, random);
    const head = accepted(() => parseResponseHead(text, "GET"));
    if (head === null) continue;
    const again = parseResponseHead([head.statusLine, ...head.lines].join("\r\n"), "GET");
    assert.deepEqual(again, head);
  }
});

/** A second reading of chunked bodies, slow and plain: where the body ends, or null. */
function endOfChunks(text: string): number | null {
  let at = 0;
  for (;;) {
    const line = /^([0-9a-f]{1,12})(?:[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?)\r\n/i.exec(
      text.slice(at),
    );
    if (line === null) return null;
    at += line[0].length;
    const size = parseInt(line[1]!, 16);
    if (size === 0) break;
    if (text.slice(at + size, at + size + 2) !== "\r\n") return null;
    at += size + 2;
  }
  const trailers = /^((?:[!#$%&'*+\-.^_`|~0-9a-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*)\r\n/i.exec(
    text.slice(at),
  );
  if (
    trailers === null ||
    /^(?:host|content-length|transfer-encoding|connection):/im.test(trailers[1]!)
  ) {
    return null;
  }
  return at + trailers[0].length;
}

Deno.test("fuzz: the chunk scanner ends where a second reader of the grammar ends", () => {
  const random = randomOf(3);
  const seed = "5;x=y\r\nhello\r\nA\r\n0123456789\r\n0\r\nT: 1\r\n\r\n";
  for (let round = 0; round < ROUNDS; round++) {
    const text = mutate(seed, random) + "GET / HTTP/1.1\r\n";
    const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    const scanner = new ChunkScanner("request");
    const size = random(9) + 1;
    let end: number | null = null;
    accepted(() => {
      for (let from = 0; from < bytes.length && !scanner.isDone; from += size) {
        end = scanner.scan(bytes, from, Math.min(from + size, bytes.length));
      }
    });
    assert.equal(scanner.isDone ? end : null, endOfChunks(text), JSON.stringify(text));
  }
});

Deno.test("fuzz: an accepted CONNECT target is one host and one port", () => {
  const random = randomOf(4);
  const seeds = ["api.acme.test:443", "127.0.0.1:80", "[::1]:8443", "user@a.test:1"];
  for (let round = 0; round < ROUNDS; round++) {
    const text = mutate(seeds[random(seeds.length)]!, random);
    const target = accepted(() => parseConnectTarget(text));
    if (target === null) continue;
    assert.match(
      target.host,
      target.isIp ? /^[0-9a-f.:]+$/ : /^[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?$/,
    );
    // A URL parser, which many servers and clients have, sees the same.
    const url = new URL(`http://${target.authority}/`);
    assert.equal(url.hostname.replace(/^\[|\]$/g, ""), target.host, text);
    assert.equal(Number(url.port || 80), target.port, text);
  }
});

Deno.test("fuzz: a host that matches a route is one of the provider's, letter for letter", () => {
  const random = randomOf(6);
  const routes = ["api.acme.test", "*.shops.test", "regex:^eu[0-9]+\\.data\\.test$"];
  const table = compileRoutes(routes.map((host, rule) => makeRoute({ host, rule, path: "/v1" })));
  const owned = /^(?:api\.acme\.test|(?:[a-z0-9_-]+\.)+shops\.test|eu[0-9]+\.data\.test)$/;
  const seeds = ["api.acme.test", "a.shops.test", "eu1.data.test", "shops.test", "a.b.shops.test"];
  for (let round = 0; round < ROUNDS; round++) {
    const seed = seeds[random(seeds.length)]!;
    const host = random(4) === 0 ? seed : mutate(seed, random);
    // Targets of another form are refused before a route is looked for.
    const path = random(4) === 0 ? "/v1/a" : `/${mutate("v1/a?b", random)}`;
    const match = matchRoute(table, host, path);
    if (match === null) continue;
    assert.match(host, owned);
    assert.ok(isRoutedHost(table, host), host);
    assert.match(path, /^\/v1(?:[/?#]|$)/);
    // What matches is what CONNECT can name: the same text is dialled and verified.
    assert.equal(parseConnectTarget(`${host}:443`).host, host);
  }
});

Deno.test("fuzz: a request taken apart for HTTP/2 is what the scanner let through", async () => {
  const random = randomOf(7);
  for (let round = 0; round < ROUNDS / 10; round++) {
    const chunks = Array.from(
      { length: random(4) },
      () => Array.from({ length: random(20) + 1 }, () => PIECES[random(PIECES.length)]).join(""),
    );
    const trailer = random(2) === 0 ? "x-sum: 1\r\n" : "";
    const body = chunks.map((chunk) => `${chunk.length.toString(16)};e=1\r\n${chunk}\r\n`).join("");
    const text = "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n" +
      `${body}0\r\n${trailer}\r\n`;
    const bytes = Uint8Array.from(text + text, (letter) => letter.charCodeAt(0));
    const seen: string[] = [];
    const unpacker = new MessageUnpacker(parseRequestHead, {
      onHead: ({ method }) => {
        seen.push(method, "");
        return Promise.resolve();
      },
      onData: (payload) => {
        seen[seen.length - 1] += String.fromCharCode(...payload);
        return Promise.resolve();
      },
      onEnd: (trailers) => seen.push(...trailers, "end"),
    });
    const size = random(9) + 1;
    for (let at = 0; at < bytes.length; at += size) await unpacker.take(bytes.slice(at, at + size));
    const one = ["POST", chunks.join(""), ...(trailer === "" ? [] : ["x-sum: 1"]), "end"];
    assert.deepEqual(seen, [...one, ...one]);
  }
});

Deno.test("fuzz: a ClientHello of any bytes is read or not, and never hangs or throws", () => {
  const random = randomOf(5);
  for (let round = 0; round < ROUNDS; round++) {
    const bytes = Uint8Array.from({ length: random(300) }, () => random(256));
    if (random(2) === 0) {
      bytes.set([0x16, 3, 1, 0, random(255), 1, 0, 0, random(255)].slice(0, bytes.length));
    }
    const hello = parseClientHello(bytes);
    if (typeof hello === "object") assert.ok(Array.isArray(hello.protocols));
  }
});
