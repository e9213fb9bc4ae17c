/**
 * The rules of RFC 9113 as frames: what is sent, frame by frame, and how the connection takes it.
 */
import assert from "node:assert/strict";
import { Http2Connection } from "../../../proxy/http2/http2_connection.ts";
import type { Http2Stream } from "../../../proxy/http2/http2_stream.ts";
import { FramePeer, loopbackPair, numberAt, T } from "../../support/frame_peer.ts";
import { FRAME_RULES, GET, type Outcome } from "../../support/frame_rules.ts";

const LIST_BYTES = 16 * 1024;

interface Stage {
  readonly peer: FramePeer;
  readonly ours: Http2Connection;
  /** Streams that the peer opened. */
  readonly streams: Http2Stream[];
}

/** Our side as a server, or as a client that has asked on stream 1 and not ended its request. */
async function onStage(
  role: "server" | "client",
  body: (stage: Stage) => Promise<void>,
  greeting?: Uint8Array,
): Promise<void> {
  const [own, other] = await loopbackPair();
  using peer = new FramePeer(other);
  const streams: Http2Stream[] = [];
  const ours = new Http2Connection(own, {
    role,
    maxListBytes: LIST_BYTES,
    maxStreams: 10,
    onStream: (stream) => streams.push(stream),
  });
  if (role === "client") {
    await peer.greetAsServer(greeting);
    await ours.open(GET, { endStream: false });
    await peer.nextOf(T.HEADERS);
  } else await peer.greetAsClient(greeting);
  try {
    await body({ peer, ours, streams });
  } finally {
    ours.close();
    peer[Symbol.dispose]();
    await ours.ended;
  }
}

for (const role of ["server", "client"] as const) {
  for (const [name, expected, ...frames] of FRAME_RULES[role]) {
    Deno.test(`as a ${role}: ${name}`, async () => {
      await onStage(role, async ({ peer }) => {
        await peer.sendBytes(...frames);
        assert.deepEqual(await outcomeOf(peer), expected);
      });
    });
  }
}

async function outcomeOf(peer: FramePeer): Promise<Outcome> {
  const { frames, goesOn } = await peer.settle();
  const goaway = frames.find(({ type }) => type === T.GOAWAY);
  const reset = frames.find(({ type }) => type === T.RST_STREAM);
  if (goaway !== undefined) return { goaway: numberAt(goaway.payload, 4) };
  if (reset !== undefined) return { reset: [reset.streamId, numberAt(reset.payload, 0)] };
  assert.ok(goesOn, "the connection ended without a word");
  return "goes on";
}
