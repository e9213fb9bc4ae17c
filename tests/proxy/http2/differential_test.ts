/**
 * A request of HTTP/2 says the same when a server of HTTP/1.1 has read it: requests by chance, with
 * everything that means more in HTTP/1.1 than in HTTP/2, go through the proxy to servers of four other
 * makers. The seeds are fixed; `FUZZ_ROUNDS` asks for more of it.
 */
import assert from "node:assert/strict";
import { Http2Connection } from "../../../proxy/http2/http2_connection.ts";
import type { FieldLine } from "../../../proxy/http2/hpack/field_line.ts";
import { latin1Bytes } from "../../../proxy/http1/latin1.ts";
import { comparableFields } from "../../support/comparable_fields.ts";
import { HTTP_SERVERS, readingOf, startReadingServer } from "../../support/http_servers.ts";
import { startTestProxy, type TestProxy } from "../../support/proxy_bench.ts";
import { startRawUpstream } from "../../support/raw_upstream.ts";
import { pick, randomOf } from "../../support/seeded_random.ts";

const ROUNDS = Math.ceil(Number(Deno.env.get("FUZZ_ROUNDS") ?? 4000) / 20);
const HOST = "api.acme.test";
const SMUGGLED = "GET /smuggled HTTP/1.1\r\nhost: evil.test\r\n\r\n";

const METHODS = [
  "GET",
  "POST",
  "PUT",
  "DELETE",
  "PATCH",
  "OPTIONS",
  "POST / HTTP/1.1\r\nX:",
  "P T",
];
const AUTHORITIES = [HOST, HOST, HOST, HOST, HOST, HOST, `${HOST}:443`, `${HOST}\r\nx: 1`];
const SUFFIXES = [
  "",
  "?q=1",
  "//y",
  "/%0d%0a",
  "\xe9",
  " HTTP/1.1\r\nX: 1",
  "#f",
  "\r\n\r\n" + SMUGGLED,
];
const FIELDS: readonly FieldLine[] = [
  ["accept", "*/*"],
  ["cookie", "a=b"],
  ["cookie", "c=d"],
  ["x-empty", ""],
  ["x-high", "\xe9\x85\xff"],
  ["x-space", " a\t"],
  ["content-length", "0"],
  ["content-length", "5"],
  ["content-length", "+5"],
  ["content-length", "99"],
  ["transfer-encoding", "chunked"],
  ["transfer-encoding ", "chunked"],
  ["connection", "keep-alive"],
  ["host", "evil.test"],
  ["host", HOST],
  ["te", "trailers"],
  ["te", "gzip"],
  ["trailer", "x-sum"],
  ["upgrade", "websocket"],
  ["expect", "100-continue"],
  ["x-split", "a\r\ncontent-length: 5"],
  ["x-feed", "a\nb"],
  ["x-nul", "a\0b"],
  ["x-name: 1\r\ny", "a"],
  ["X-Upper", "a"],
  ["x-body", `a\r\n\r\n${SMUGGLED}`],
];
const BODIES = ["", "", "hello", SMUGGLED, "0\r\n\r\n" + SMUGGLED, "5\r\nhello\r\n0\r\n\r\n"];
const TRAILERS: readonly FieldLine[] = [
  ["x-sum", "1"],
  ["host", "evil.test"],
  ["content-length", "5"],
  ["x-split", "a\r\nb: c"],
];

async function open(test: TestProxy): Promise<Http2Connection> {
  const client = await test.tunnel(HOST, { protocols: ["h2"] });
  return new Http2Connection(client.conn, { role: "client", maxListBytes: 64 * 1024 });
}

interface Request {
  readonly method: string;
  readonly path: string;
  readonly fields: readonly FieldLine[];
  readonly body: string;
}

/** Asks; the head of the answer, as lines of HTTP/1.1, or null when the stream was reset. */
async function ask(
  session: Http2Connection,
  { method, path, fields, body }: Request,
  authority: string,
  trailers: readonly FieldLine[],
): Promise<string | null> {
  const head: FieldLine[] = [
    [":method", method],
    [":scheme", "https"],
    [":authority", authority],
    [":path", path],
    ...fields,
  ];
  const stream = await session.open(head, { endStream: body === "" && trailers.length === 0 });
  assert.ok(stream !== null, "the session has ended");
  try {
    if (body !== "") {
      await stream.write(latin1Bytes(body), { endStream: trailers.length === 0 });
    }
    if (trailers.length > 0) stream.finish(trailers);
    let answer = await stream.readHead();
    while (answer.fields[0]![1] === "100") answer = await stream.readHead();
    const lines = answer.fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    for (; await stream.body.read() !== null;);
    return `\r\n${lines}`;
  } catch {
    return null;
  }
}

/** Of one connection only, or joined and left out on the way. */
const UNCOMPARED =
  /^(?:connection|content-length|transfer-encoding|te|trailer|expect|cookie|x-sum):/;

function comparable(fields: readonly string[]): string[] {
  return comparableFields(fields, UNCOMPARED);
}

async function compare(test: TestProxy, targets: () => Promise<string[]>, seed: number) {
  const random = randomOf(seed);
  let session = await open(test);
  const read: string[] = [];
  let refused = 0;
  for (let round = 0; round < ROUNDS; round++) {
    // One session may spoil so many streams and no more.
    if (round % 100 === 99) {
      session.close();
      session = await open(test);
    }
    const request: Request = {
      method: pick(random(3) > 0 ? METHODS.slice(0, 6) : METHODS, random),
      path: `/${round}${random(3) > 0 ? "" : pick(SUFFIXES, random)}`,
      fields: Array.from({ length: random(4) }, () => pick(FIELDS, random)),
      body: pick(BODIES, random),
    };
    const authority = pick(AUTHORITIES, random);
    const trailers = random(4) === 0 ? [pick(TRAILERS, random)] : [];
    const answer = await ask(session, request, authority, trailers);
    const theirs = answer === null ? null : readingOf(answer);
    if (theirs === null) {
      refused++;
      continue;
    }
    read.push(theirs.target);
    const { method, path, body } = request;
    const fields = request.fields.filter(([name]) => name !== "host").map((field) =>
      field.join(":")
    );
    assert.deepEqual(
      { ...theirs, fields: comparable(theirs.fields) },
      {
        method,
        target: path,
        fields: comparable([...fields, `host:${authority}`, "authorization:Bearer the-real-key"]),
        body,
      },
      JSON.stringify({ ...request, trailers }),
    );
  }
  // None that they read and nobody asked for.
  assert.deepEqual(await targets(), read);
  const [isRead, isRefused] = [read.length > ROUNDS / 5, refused > ROUNDS / 5];
  assert.ok(isRead && isRefused, `${read.length} were read, ${refused} refused`);
  session.close();
  await session.ended;
}

const directory = await Deno.makeTempDir();
Deno.test.afterAll(() => Deno.remove(directory, { recursive: true }));

for (const [index, [name, find]] of Object.entries(HTTP_SERVERS).entries()) {
  const command = await find(directory);
  const title = `fuzz: ${name} reads over HTTP/1.1 what was asked over HTTP/2`;
  const isHere = command !== null;
  Deno.test(isHere ? title : `${title} (not here)`, { ignore: !isHere }, async () => {
    const server = await startReadingServer(command!);
    // TLS for it.
    const api = startRawUpstream(HOST, async ({ conn }) => {
      const plain = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
      await Promise.allSettled([
        conn.readable.pipeTo(plain.writable),
        plain.readable.pipeTo(conn.writable),
      ]);
    });
    const test = await startTestProxy({
      servers: { [HOST]: api.port },
      authorities: [api.authorityPem],
    });
    try {
      await compare(test, server.targets, index + 1);
    } finally {
      await test.close();
      await api.close();
      await server.close();
    }
  });
}
