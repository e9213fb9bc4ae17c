/** What we write. That a peer reads it is in `node_peer_test.ts`. */
import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { encodeFields, NO_TABLE } from "../../../../proxy/http2/hpack/encode_fields.ts";
import type { FieldLine } from "../../../../proxy/http2/hpack/field_line.ts";
import { HpackDecoder } from "../../../../proxy/http2/hpack/hpack_decoder.ts";
import { STATIC_TABLE } from "../../../../proxy/http2/hpack/static_table.ts";
import { chanceFields, fromHex } from "../../../support/hpack_encoder.ts";
import { randomOf } from "../../../support/seeded_random.ts";

const decode = (block: Uint8Array) => new HpackDecoder({ maxListBytes: 1e6 }).decode(block).fields;

Deno.test("encodeFields() writes a line of the static table as its number", () => {
  deepEqual(
    encodeFields(STATIC_TABLE),
    Uint8Array.from(STATIC_TABLE, (_line, at) => 0x80 | at + 1),
  );
});

for (
  const [name, line, digits] of [
    ["a known name", [":path", "/sample/path"], "140c 2f73616d706c652f70617468"],
    ["a known name that needs a second byte", ["authorization", "k"], "1f08 01 6b"],
    ["a name of several lines with another value", [":status", "418"], "18 03 343138"],
    ["another name", ["password", "secret"], "1008 70617373776f7264 06 736563726574"],
    ["an empty value", ["x", ""], "1001 78 00"],
  ] as const
) {
  Deno.test(`encodeFields() marks ${name} as never to be indexed`, () => {
    deepEqual(encodeFields([line]), fromHex(digits));
  });
}

Deno.test("encodeFields() writes the lengths at which a number grows", () => {
  for (const size of [126, 127, 128, 254, 255, 256, 16_510, 16_511, 70_000]) {
    const line: FieldLine = ["x".repeat(size), "v".repeat(size)];
    deepEqual(decode(encodeFields([line])), [line]);
  }
});

Deno.test("encodeFields() writes every byte of Latin-1 as it is", () => {
  const line: FieldLine = ["x-any", String.fromCharCode(...Array(256).keys())];

  deepEqual(decode(encodeFields([line])), [line]);
});

Deno.test("encodeFields() refuses a character whose lower byte would end a line", () => {
  const value = "key\u010d\u010ax-evil: 1";

  throws(
    () => encodeFields([["x", value]]),
    (error) => error instanceof RangeError && !error.message.includes("key"),
  );
  throws(() => encodeFields([["x\u0120", "v"]]), RangeError);
});

Deno.test("encodeFields() writes blocks that need none of the ones before", () => {
  const random = randomOf(11);
  const lists = Array.from({ length: 200 }, () => chanceFields(random));
  const decoder = new HpackDecoder({ maxListBytes: 1e6 });

  const blocks = lists.map(encodeFields);

  const read = blocks.toReversed().map((block) => decoder.decode(block).fields);
  deepEqual(read.toReversed(), lists);
  ok(blocks.some((block) => block.length > 1000));
});

Deno.test("NO_TABLE in front of the first block leaves no table that could have to shrink", () => {
  const block = Uint8Array.from([...NO_TABLE, ...encodeFields([["x", "y"]])]);
  const decoder = new HpackDecoder({ maxListBytes: 1e6 });

  deepEqual(decoder.decode(block).fields, [["x", "y"]]);
  // A field that is to be indexed now finds no room.
  equal(decoder.decode(fromHex("40 0161 0162")).fields.length, 1);
  throws(() => decoder.decode(Uint8Array.of(0x80 + 62)), /there is no field 62$/);
});
