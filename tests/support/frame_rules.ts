/**
 * The rules of RFC 9113 as frames, and how a connection has to take them.
 *
 * @module
 */
import type { FieldLine } from "../../proxy/http2/hpack/field_line.ts";
import { block, concat, F, frame, numbers, settings, T } from "./frame_peer.ts";

/** RFC 9113 section 7. */
const [NO_ERROR, PROTOCOL, FLOW, CLOSED, SIZE] = [0, 1, 3, 5, 6];
const [REFUSED, COMPRESSION, CALM] = [7, 9, 11];
const HALF_HEADERS = 0;
const END = F.END_HEADERS | F.END_STREAM;

/** The head of a request. */
export const GET: readonly FieldLine[] = [
  [":method", "GET"],
  [":scheme", "https"],
  [":authority", "api.acme.test"],
  [":path", "/"],
];
/** The head of an answer. */
export const OK: readonly FieldLine[] = [[":status", "200"]];
const request = block(GET);
const answer = block(OK);

/** How the other side took it. */
export type Outcome =
  | { readonly goaway: number }
  | { readonly reset: readonly [streamId: number, code: number] }
  | "goes on";

/** A rule. */
export type FrameRule = readonly [name: string, Outcome, ...frames: Uint8Array[]];

/** What is the same for both sides. */
const BOTH: readonly FrameRule[] = [
  [
    "an unknown frame on a stream and on none",
    "goes on",
    frame(0x5f, 0xff, 0, [1]),
    frame(77, 0, 1),
  ],
  ["DATA on stream 0", { goaway: PROTOCOL }, frame(T.DATA, 0, 0, [1])],
  ["HEADERS on stream 0", { goaway: PROTOCOL }, frame(T.HEADERS, END, 0, request)],
  ["PRIORITY on stream 0", { goaway: PROTOCOL }, frame(T.PRIORITY, 0, 0, [0, 0, 0, 0, 1])],
  [
    "PRIORITY on a stream that was never opened",
    "goes on",
    frame(T.PRIORITY, 0, 9, [0, 0, 0, 0, 1]),
  ],
  ["PRIORITY of four bytes", { goaway: SIZE }, frame(T.PRIORITY, 0, 1, [0, 0, 0, 0])],
  ["RST_STREAM on stream 0", { goaway: PROTOCOL }, frame(T.RST_STREAM, 0, 0, numbers(8))],
  [
    "RST_STREAM on a stream that was never opened",
    { goaway: PROTOCOL },
    frame(T.RST_STREAM, 0, 9, numbers(8)),
  ],
  ["RST_STREAM of three bytes", { goaway: SIZE }, frame(T.RST_STREAM, 0, 1, [0, 0, 0])],
  ["SETTINGS on a stream", { goaway: PROTOCOL }, frame(T.SETTINGS, 0, 1)],
  ["SETTINGS of five bytes", { goaway: SIZE }, frame(T.SETTINGS, 0, 0, [0, 1, 0, 0, 0])],
  [
    "an acknowledgement that says something",
    { goaway: SIZE },
    frame(T.SETTINGS, F.ACK, 0, settings([1, 0])),
  ],
  ["unknown settings", "goes on", frame(T.SETTINGS, 0, 0, settings([0xaaaa, 1], [8, 1]))],
  ["ENABLE_PUSH of 2", { goaway: PROTOCOL }, frame(T.SETTINGS, 0, 0, settings([2, 2]))],
  [
    "INITIAL_WINDOW_SIZE of 2^31",
    { goaway: FLOW },
    frame(T.SETTINGS, 0, 0, settings([4, 2 ** 31])),
  ],
  [
    "MAX_FRAME_SIZE below 16,384",
    { goaway: PROTOCOL },
    frame(T.SETTINGS, 0, 0, settings([5, 16_383])),
  ],
  ["MAX_FRAME_SIZE of 2^24", { goaway: PROTOCOL }, frame(T.SETTINGS, 0, 0, settings([5, 2 ** 24]))],
  [
    "PUSH_PROMISE",
    { goaway: PROTOCOL },
    frame(T.PUSH_PROMISE, F.END_HEADERS, 1, concat(numbers(2), request)),
  ],
  ["PING on a stream", { goaway: PROTOCOL }, frame(T.PING, 0, 1, numbers(1, 2))],
  ["PING of six bytes", { goaway: SIZE }, frame(T.PING, 0, 0, [1, 2, 3, 4, 5, 6])],
  ["an answer to a PING that nobody sent", "goes on", frame(T.PING, F.ACK, 0, numbers(1, 2))],
  ["GOAWAY on a stream", { goaway: PROTOCOL }, frame(T.GOAWAY, 0, 1, numbers(0, 0))],
  ["GOAWAY of seven bytes", { goaway: SIZE }, frame(T.GOAWAY, 0, 0, [0, 0, 0, 0, 0, 0, 0])],
  ["WINDOW_UPDATE of three bytes", { goaway: SIZE }, frame(T.WINDOW_UPDATE, 0, 0, [0, 0, 1])],
  ["WINDOW_UPDATE of 0", { goaway: PROTOCOL }, frame(T.WINDOW_UPDATE, 0, 0, numbers(0))],
  [
    "WINDOW_UPDATE beyond 2^31-1",
    { goaway: FLOW },
    frame(T.WINDOW_UPDATE, 0, 0, numbers(2 ** 31 - 1)),
  ],
  [
    "WINDOW_UPDATE on a stream that was never opened",
    { goaway: PROTOCOL },
    frame(T.WINDOW_UPDATE, 0, 9, numbers(1)),
  ],
  [
    "CONTINUATION without HEADERS",
    { goaway: PROTOCOL },
    frame(T.CONTINUATION, F.END_HEADERS, 1, answer),
  ],
  [
    "another frame inside a field block",
    { goaway: PROTOCOL },
    frame(T.HEADERS, HALF_HEADERS, 1, answer),
    frame(T.PING, 0, 0, numbers(1, 2)),
  ],
  [
    "CONTINUATION of another stream",
    { goaway: PROTOCOL },
    frame(T.HEADERS, HALF_HEADERS, 1, answer),
    frame(T.CONTINUATION, F.END_HEADERS, 3, answer),
  ],
  [
    "CONTINUATION without end",
    { goaway: CALM },
    frame(T.HEADERS, HALF_HEADERS, 1),
    ...Array(70).fill(frame(T.CONTINUATION, 0, 1)),
  ],
  [
    "a field block that is too long",
    { goaway: CALM },
    frame(T.HEADERS, HALF_HEADERS, 1),
    ...Array(5).fill(frame(T.CONTINUATION, 0, 1, new Uint8Array(16_384))),
  ],
  ["a field block that cannot be read", { goaway: COMPRESSION }, frame(T.HEADERS, END, 1, [0x80])],
  [
    "HEADERS with more padding than frame",
    { goaway: PROTOCOL },
    frame(T.HEADERS, END | F.PADDED, 1, [9, 1, 2]),
  ],
  [
    "HEADERS with half a priority",
    { goaway: SIZE },
    frame(T.HEADERS, END | F.PRIORITY, 1, [0, 0, 0]),
  ],
  ["a frame of more than 16,384 bytes", { goaway: SIZE }, frame(T.DATA, 0, 1, [], 16_385)],
  ["empty frames without end", { goaway: CALM }, ...Array(2100).fill(frame(0x5f, 0, 0))],
  [
    "acknowledgements without end",
    { goaway: CALM },
    ...Array(2100).fill(frame(T.SETTINGS, F.ACK, 0)),
  ],
  [
    "GOAWAY without end",
    { goaway: CALM },
    ...Array(2100).fill(frame(T.GOAWAY, 0, 0, numbers(1, 0))),
  ],
];

const opened = frame(T.HEADERS, F.END_HEADERS, 1, request);
const asked = frame(T.HEADERS, END, 1, request);
const post = (...fields: readonly FieldLine[]) =>
  frame(T.HEADERS, F.END_HEADERS, 1, block([...GET, ...fields]));

/** What a client may do, and what not. */
const SERVER: readonly FrameRule[] = [
  ["DATA on a stream that was never opened", { goaway: PROTOCOL }, frame(T.DATA, 0, 1, [1])],
  ["HEADERS on an even stream", { goaway: PROTOCOL }, frame(T.HEADERS, END, 2, request)],
  [
    "HEADERS on a lower stream",
    { goaway: CLOSED },
    frame(T.HEADERS, END, 5, request),
    frame(T.HEADERS, END, 3, request),
  ],
  [
    "streams of any distance",
    "goes on",
    frame(T.HEADERS, END, 5, request),
    frame(T.HEADERS, END, 99, request),
  ],
  [
    "HEADERS with padding and priority",
    "goes on",
    frame(T.HEADERS, END | F.PADDED | F.PRIORITY, 1, concat([2, 0, 0, 0, 0, 9], request, [0, 0])),
  ],
  [
    "HEADERS in pieces",
    "goes on",
    frame(T.HEADERS, F.END_STREAM, 1, request.subarray(0, 9)),
    frame(T.CONTINUATION, F.END_HEADERS, 1, request.subarray(9)),
  ],
  [
    "an eleventh stream",
    { reset: [21, REFUSED] },
    ...Array.from({ length: 11 }, (_, at) => frame(T.HEADERS, F.END_HEADERS, 1 + 2 * at, request)),
  ],
  ["DATA behind END_STREAM", { reset: [1, CLOSED] }, asked, frame(T.DATA, 0, 1, [1])],
  ["HEADERS behind END_STREAM", { reset: [1, CLOSED] }, asked, asked],
  [
    "DATA behind RST_STREAM",
    { goaway: CLOSED },
    opened,
    frame(T.RST_STREAM, 0, 1, numbers(8)),
    frame(T.DATA, 0, 1, [1]),
  ],
  [
    "HEADERS behind RST_STREAM",
    { goaway: CLOSED },
    opened,
    frame(T.RST_STREAM, 0, 1, numbers(8)),
    asked,
  ],
  [
    "WINDOW_UPDATE and RST_STREAM behind RST_STREAM",
    "goes on",
    opened,
    ...Array(3).fill(frame(T.RST_STREAM, 0, 1, numbers(8))),
    frame(T.WINDOW_UPDATE, 0, 1, numbers(1)),
  ],
  [
    "DATA and trailers on a stream that we reset",
    { reset: [1, PROTOCOL] },
    opened,
    frame(T.WINDOW_UPDATE, 0, 1, numbers(0)),
    frame(T.DATA, 0, 1, [1]),
    frame(T.HEADERS, END, 1, block([["x-a", "1"]])),
  ],
  [
    "DATA with more padding than frame",
    { goaway: PROTOCOL },
    opened,
    frame(T.DATA, F.PADDED, 1, [3, 1, 2]),
  ],
  [
    "DATA that is padding alone",
    "goes on",
    opened,
    frame(T.DATA, F.PADDED | F.END_STREAM, 1, [2, 0, 0]),
  ],
  [
    "trailers without END_STREAM",
    { reset: [1, PROTOCOL] },
    opened,
    frame(T.HEADERS, F.END_HEADERS, 1, block([["x-a", "1"]])),
  ],
  [
    "trailers with a pseudo-header field",
    { reset: [1, PROTOCOL] },
    opened,
    frame(T.HEADERS, END, 1, block([[":method", "GET"]])),
  ],
  [
    "trailers with a name in capitals",
    { reset: [1, PROTOCOL] },
    opened,
    frame(T.HEADERS, END, 1, block([["X-A", "1"]])),
  ],
  [
    "trailers with a line feed",
    { reset: [1, PROTOCOL] },
    opened,
    frame(T.HEADERS, END, 1, block([["x-a", "1\n2"]])),
  ],
  ["trailers", "goes on", opened, frame(T.HEADERS, END, 1, block([["x-a", "1"]]))],
  [
    "a status in front of a request",
    { reset: [1, PROTOCOL] },
    frame(T.HEADERS, F.END_HEADERS, 1, block([[":status", "100"]])),
    frame(T.HEADERS, F.END_HEADERS, 1, answer),
  ],
  [
    "more DATA than content-length",
    { reset: [1, PROTOCOL] },
    post(["content-length", "2"]),
    frame(T.DATA, 0, 1, [1, 2, 3]),
  ],
  [
    "less DATA than content-length",
    { reset: [1, PROTOCOL] },
    post(["content-length", "2"]),
    frame(T.DATA, F.END_STREAM, 1, [1]),
  ],
  [
    "trailers before content-length is full",
    { reset: [1, PROTOCOL] },
    post(["content-length", "2"]),
    frame(T.HEADERS, END, 1, block([["x-a", "1"]])),
  ],
  [
    "content-length twice, and another",
    { reset: [1, PROTOCOL] },
    post(["content-length", "2"], ["content-length", "3"]),
  ],
  ["content-length that is no number", { reset: [1, PROTOCOL] }, post(["content-length", "+2"])],
  [
    "content-length without a body",
    { reset: [1, PROTOCOL] },
    frame(T.HEADERS, END, 1, block([...GET, ["content-length", "2"]])),
  ],
  [
    "DATA as long as content-length",
    "goes on",
    post(["content-length", "2"]),
    frame(T.DATA, F.END_STREAM, 1, [1, 2]),
  ],
  [
    "WINDOW_UPDATE of 0 on a stream",
    { reset: [1, PROTOCOL] },
    opened,
    frame(T.WINDOW_UPDATE, 0, 1, numbers(0)),
  ],
  [
    "WINDOW_UPDATE beyond 2^31-1 on a stream",
    { reset: [1, FLOW] },
    opened,
    frame(T.WINDOW_UPDATE, 0, 1, numbers(2 ** 31 - 1)),
  ],
  [
    "INITIAL_WINDOW_SIZE that makes a window too large",
    { goaway: FLOW },
    opened,
    frame(T.WINDOW_UPDATE, 0, 1, numbers(65_535)),
    frame(T.SETTINGS, 0, 0, settings([4, 2 ** 31 - 1])),
  ],
  [
    "more DATA than a stream's window",
    { reset: [1, FLOW] },
    opened,
    ...Array(17).fill(frame(T.DATA, 0, 1, new Uint8Array(16_384))),
  ],
  ["empty DATA without end", { goaway: CALM }, opened, ...Array(2100).fill(frame(T.DATA, 0, 1))],
];

/** What a server may do, and what not; stream 1 is ours. */
const CLIENT: readonly FrameRule[] = [
  [
    "an answer",
    "goes on",
    frame(T.HEADERS, F.END_HEADERS, 1, answer),
    frame(T.DATA, F.END_STREAM, 1, [1]),
  ],
  [
    "HEADERS on a stream that was never opened",
    { goaway: PROTOCOL },
    frame(T.HEADERS, END, 3, answer),
  ],
  ["HEADERS on a stream of its own", { goaway: PROTOCOL }, frame(T.HEADERS, END, 2, answer)],
  ["DATA on a stream that was never opened", { goaway: PROTOCOL }, frame(T.DATA, 0, 3, [1])],
  ["DATA before the answer's head", { reset: [1, PROTOCOL] }, frame(T.DATA, 0, 1, [1])],
  ["ENABLE_PUSH of 1", { goaway: PROTOCOL }, frame(T.SETTINGS, 0, 0, settings([2, 1]))],
  ["ENABLE_PUSH of 0", "goes on", frame(T.SETTINGS, 0, 0, settings([2, 0]))],
  [
    "an answer without a status",
    { reset: [1, PROTOCOL] },
    frame(T.HEADERS, END, 1, block([["x-a", "1"]])),
  ],
  [
    "an answer with a status of two digits",
    { reset: [1, PROTOCOL] },
    frame(T.HEADERS, END, 1, block([[":status", "20"]])),
  ],
  [
    "an answer with a second status",
    { reset: [1, PROTOCOL] },
    frame(T.HEADERS, END, 1, block([...OK, ...OK])),
  ],
  [
    "an answer with the head of a request",
    { reset: [1, PROTOCOL] },
    frame(T.HEADERS, END, 1, request),
  ],
  [
    "an answer with a name in capitals",
    { reset: [1, PROTOCOL] },
    frame(T.HEADERS, END, 1, block([...OK, ["X-A", "1"]])),
  ],
  [
    "an answer with another answer in a value",
    { reset: [1, PROTOCOL] },
    frame(T.HEADERS, END, 1, block([...OK, ["x-a", "1\r\n\r\nHTTP/1.1 200"]])),
  ],
  [
    "an answer with a colon in a name",
    { reset: [1, PROTOCOL] },
    frame(T.HEADERS, END, 1, block([...OK, ["x:a", "1"]])),
  ],
  [
    "an answer with an empty name",
    { reset: [1, PROTOCOL] },
    frame(T.HEADERS, END, 1, block([...OK, ["", "1"]])),
  ],
  [
    "an answer whose head is too large",
    { reset: [1, PROTOCOL] },
    frame(T.HEADERS, HALF_HEADERS, 1, block([...OK, ["x-a", "1".repeat(16_000)]])),
    frame(T.CONTINUATION, F.END_HEADERS, 1, block([["x-b", "1".repeat(1_000)]])),
  ],
  [
    "interim answers",
    "goes on",
    ...Array(3).fill(frame(T.HEADERS, F.END_HEADERS, 1, block([[":status", "103"]]))),
    frame(T.HEADERS, END, 1, answer),
  ],
  [
    "an interim answer that ends the stream",
    { reset: [1, PROTOCOL] },
    frame(T.HEADERS, END, 1, block([[":status", "103"]])),
  ],
  [
    "an interim answer behind the final one",
    { reset: [1, PROTOCOL] },
    frame(T.HEADERS, F.END_HEADERS, 1, answer),
    frame(T.HEADERS, F.END_HEADERS, 1, block([[":status", "103"]])),
  ],
  [
    "interim answers that nobody reads",
    { reset: [1, CALM] },
    ...Array(40).fill(frame(T.HEADERS, F.END_HEADERS, 1, block([[":status", "103"]]))),
  ],
  [
    "large interim answers that nobody reads",
    { reset: [1, CALM] },
    ...Array(6).fill(
      frame(T.HEADERS, F.END_HEADERS, 1, block([[":status", "103"], ["x-a", "1".repeat(8_000)]])),
    ),
  ],
  [
    "DATA behind END_STREAM",
    { reset: [1, CLOSED] },
    frame(T.HEADERS, END, 1, answer),
    frame(T.DATA, 0, 1, [1]),
  ],
  [
    "DATA with a status that has no body",
    { reset: [1, PROTOCOL] },
    frame(T.HEADERS, F.END_HEADERS, 1, block([[":status", "204"]])),
    frame(T.DATA, 0, 1, [1]),
  ],
  [
    "a content-length with a status that has no body",
    "goes on",
    frame(T.HEADERS, END, 1, block([[":status", "304"], ["content-length", "9"]])),
  ],
  [
    "less DATA than content-length",
    { reset: [1, PROTOCOL] },
    frame(T.HEADERS, F.END_HEADERS, 1, block([...OK, ["content-length", "2"]])),
    frame(T.DATA, F.END_STREAM, 1, [1]),
  ],
  [
    "a reset of no error behind a whole answer",
    "goes on",
    frame(T.HEADERS, END, 1, answer),
    frame(T.RST_STREAM, 0, 1, numbers(NO_ERROR)),
  ],
  ["GOAWAY for what comes later", "goes on", frame(T.GOAWAY, 0, 0, numbers(1, 0))],
];

/** Each side's rules; the list of a field block is 16 KiB long at most, and streams are 10. */
export const FRAME_RULES: Readonly<Record<"server" | "client", readonly FrameRule[]>> = {
  server: [...BOTH, ...SERVER],
  client: [...BOTH, ...CLIENT],
};
