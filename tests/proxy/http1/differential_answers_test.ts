/**
 * No client reads an answer differently from us: answers by chance go from a server through the proxy
 * to clients of three other makers. What one of them takes must be what we read, and on a connection
 * that goes on the next answer must be the next one: an answer that is read as two, or ends elsewhere,
 * is how one request gets another one's answer. The seeds are fixed; `FUZZ_ROUNDS` asks for more of it.
 */
import assert from "node:assert/strict";
import { Refusal } from "../../../proxy/fail_closed.ts";
import { EndOfStream } from "../../../proxy/http1/byte_reader.ts";
import { parseResponseHead } from "../../../proxy/http1/message_head.ts";
import { ANSWER_READERS, type AnswerReading, readAnswers } from "../../support/answer_readers.ts";
import { startTestProxy } from "../../support/proxy_bench.ts";
import { startRawUpstream } from "../../support/raw_upstream.ts";
import { mutatedText, readerOf, readPayload } from "../../support/chance_text.ts";
import { pick, type Random, randomOf } from "../../support/seeded_random.ts";

const ROUNDS = Math.ceil(Number(Deno.env.get("FUZZ_ROUNDS") ?? 4000) / 20);

const STATUS_LINES = [
  ...Array.from({ length: 8 }, () => "HTTP/1.1 200 OK"),
  "HTTP/1.1 200",
  "HTTP/1.1 200 ",
  "HTTP/1.0 200 OK",
  "HTTP/1.1 204 No Content",
  "HTTP/1.1 304 Not Modified",
  "HTTP/1.1 404 Not\t\xe9 Found",
  "HTTP/1.1 100 Continue",
  "HTTP/1.1 099 Low",
  "HTTP/1.1 999 High",
  "HTTP/2 200 OK",
  "HTTP/1.1  200 OK",
  "HTTP/1.10 200 OK",
  "http/1.1 200 OK",
];
const INTERIM = [
  "",
  "",
  "",
  "HTTP/1.1 100 Continue\r\n\r\n",
  "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
  "HTTP/1.1 102 P\r\nContent-Length: 5\r\n\r\n",
  "HTTP/1.1 103 E\r\nTransfer-Encoding: chunked\r\n\r\n",
  "HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
  "\r\n",
  "\r\n\r\n",
];
/** What could be taken for an answer of its own. */
const SMUGGLED = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
const CHUNKED = "Transfer-Encoding: chunked";
const LENGTH = "Content-Length: 5";

/** What says how long a body is, and a body. */
const BODIES: readonly (readonly [lines: readonly string[], body: string])[] = [
  [[LENGTH], "hello"],
  [[LENGTH], "hello"],
  [[CHUNKED], "5\r\nhello\r\n0\r\n\r\n"],
  [[CHUNKED], "3;a=b\r\nhel\r\n2 \r\nlo\r\n00\r\n\r\n"],
  [[CHUNKED, "Trailer: X-Sum"], "5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"],
  [[CHUNKED], "5\r\nhello\r\n0\r\nContent-Length: 9\r\nX-A: b\r\n\r\n"],
  [["Content-Length: 0"], ""],
  [["content-length:\t5 "], "hello"],
  [[LENGTH, LENGTH], "hello"],
  [[LENGTH, "Content-Length: 05"], "hello"],
  [[LENGTH, "Content-Length: 6"], "hello!"],
  [["Content-Length: 5, 5"], "hello"],
  [["Content-Length: 5, 6"], "hello!"],
  [["Content-Length: +5"], "hello"],
  [["Content-Length: -1"], "hello"],
  [["Content-Length: 5 "], "hello" + SMUGGLED],
  [["Content-Length: 0x5"], "hello"],
  [["Content-Length:"], "hello"],
  [["Content-Length : 5"], "hello"],
  [["Content-Length: 5\r\n 6"], "hello"],
  [["Content-Length: 0"], SMUGGLED],
  [[CHUNKED, LENGTH], "5\r\nhello\r\n0\r\n\r\n"],
  [[LENGTH, CHUNKED], "0\r\n\r\n" + SMUGGLED],
  [[CHUNKED, CHUNKED], "5\r\nhello\r\n0\r\n\r\n"],
  [["Transfer-Encoding: chunked, identity"], "5\r\nhello\r\n0\r\n\r\n"],
  [["Transfer-Encoding: identity", LENGTH], "hello"],
  [["Transfer-Encoding: gzip, chunked"], "5\r\nhello\r\n0\r\n\r\n"],
  [["Transfer-Encoding:\x0bchunked"], "5\r\nhello\r\n0\r\n\r\n"],
  [["Transfer-Encoding : chunked"], "5\r\nhello\r\n0\r\n\r\n"],
  [["Transfer-Encoding:\r\n chunked"], "5\r\nhello\r\n0\r\n\r\n"],
  [["Transfer_Encoding: chunked"], "5\r\nhello\r\n0\r\n\r\n"],
  [["Transfer-Encoding: xchunked"], "5\r\nhello\r\n0\r\n\r\n"],
  [[CHUNKED], "5\nhello\r\n0\r\n\r\n"],
  [[CHUNKED], "5\r\nhello0\r\n\r\n"],
  [[CHUNKED], "0x5\r\nhello\r\n0\r\n\r\n"],
  [[CHUNKED], "5;\n\r\nhello\r\n0\r\n\r\n"],
  [[CHUNKED], "100000000000000005\r\nhello\r\n0\r\n\r\n"],
  [[CHUNKED], "5\r\nhello\r\n0\r\n\r\n" + SMUGGLED],
  [[CHUNKED], "5\r\nhello\r\n0\r\n\n"],
  [[], "hello"],
  [[], SMUGGLED],
];
const LINES = [
  "X-Empty:",
  "X-High: \xe9\x85\xa0\xff",
  "Set-Cookie: a=b",
  "Connection: close",
  "Connection: keep-alive",
  "Connection: content-length, transfer-encoding",
  "Keep-Alive: timeout=5",
  "Alt-Svc: h3",
  "Upgrade: h2c",
  "Content-Encoding: identity",
  "X A: 1",
  "X(: 1",
  "no colon",
  ": 1",
  " X-Folded: 1",
  "X-Bare: a\rContent-Length: 9",
  "X-Feed: a\nContent-Length: 9",
  "X-Feed: a\n\nevil",
  "X-Nul: a\0b",
  "X-Large: " + "a".repeat(9_000),
  "Content-Type: text/plain",
];
const PIECES = [..."\r\n\t :;,0aA5f-+.\0\x0b\x7f\x85", "\r\n", "\r\n\r\n", ":", "5\r\n"];

function makeAnswer(random: Random): string {
  const [framing, body] = pick(BODIES, random);
  const lines = [...framing];
  for (let more = random(3); more > 0; more--) {
    lines.splice(random(lines.length + 1), 0, pick(LINES, random));
  }
  const head = [pick(STATUS_LINES, random), ...lines].join("\r\n") + "\r\n\r\n";
  const text = pick(INTERIM, random) + head + body;
  return random(4) === 0 ? mutatedText(text, PIECES, random) : text;
}

interface OurReading extends AnswerReading {
  /** The end of the connection is the answer's. */
  readonly isEndless: boolean;
}

/** How we read it; null for what we refuse or what is not all there. */
async function readOurselves(answer: string): Promise<OurReading | null> {
  const reader = readerOf(answer);
  try {
    for (;;) {
      const text = await reader.readHead("response");
      if (text === null) return null;
      const head = parseResponseHead(text, "GET");
      if (head.status === 101) return null;
      if (head.status < 200) continue;
      const body = await readPayload(reader, head.framing, "response");
      return { status: head.status, body, isEndless: head.framing.kind === "until_close" };
    }
  } catch (error) {
    if (error instanceof Refusal || error instanceof EndOfStream) return null;
    throw error;
  }
}

const NEXT = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext";

/**
 * What Python reads wrongly from any server: interim answers but 100 are answers to it, and the byte
 * 0x85, which is half a letter in UTF-8, ends a line.
 */
const NOT_FOR_PYTHON = /HTTP\/1\.\S* +1(?!00)|\x85/;

async function compare(
  command: readonly [string, ...string[]],
  seed: number,
  isPython: boolean,
): Promise<void> {
  const random = randomOf(seed);
  const answers = Array.from({ length: ROUNDS }, () => makeAnswer(random))
    .map((answer) => isPython && NOT_FOR_PYTHON.test(answer) ? NEXT : answer);
  const ours = await Promise.all(answers.map(readOurselves));
  const server = startRawUpstream(null, async (connection) => {
    for (;;) {
      const [, number, next] = /^GET \/(\d+)(\/next)? /.exec(await connection.readHead())!;
      await connection.write(next === undefined ? answers[Number(number)]! : NEXT);
      const reading = ours[Number(number)];
      if (next === undefined && (!reading || reading.isEndless)) return;
    }
  });
  const test = await startTestProxy({ servers: { "plain.test:80": server.port } });
  try {
    const secret = test.authorization.slice("Proxy-Authorization: ".length).trim();
    const readings = await readAnswers(command, test.proxy.port, ROUNDS, secret);
    let [taken, refused] = [0, 0];
    for (const [index, [first, next]] of readings.entries()) {
      const what = `${JSON.stringify(answers[index])}: ${JSON.stringify([first, next])}`;
      const own = ours[index];
      if (first === null || (first.status === 502 && !own)) refused++;
      else {
        taken++;
        assert.deepEqual(first, own && { status: own.status, body: own.body }, what);
      }
      if (next !== null) assert.deepEqual(next, { status: 200, body: "next" }, what);
    }
    const isMixed = taken > ROUNDS / 8 && refused > ROUNDS / 8;
    assert.ok(isMixed, `${taken} were taken, ${refused} refused`);
  } finally {
    await test.close();
    await server.close();
  }
}

const directory = await Deno.makeTempDir();
Deno.test.afterAll(() => Deno.remove(directory, { recursive: true }));

for (const [index, [name, find]] of Object.entries(ANSWER_READERS).entries()) {
  const command = await find(directory);
  const title = `fuzz: ${name} reads every answer as we do`;
  const isHere = command !== null;
  Deno.test(isHere ? title : `${title} (not here)`, { ignore: !isHere }, async () => {
    await compare(command!, index + 1, name.startsWith("Python"));
  });
}
