/** Header blocks that are wrong, too long, or unusual. */
import { deepEqual, equal, throws } from "node:assert/strict";
import { BlockReader } from "../../../../proxy/http2/hpack/block_reader.ts";
import { NO_TABLE } from "../../../../proxy/http2/hpack/encode_fields.ts";
import { CompressionError, HpackDecoder } from "../../../../proxy/http2/hpack/hpack_decoder.ts";
import { fromHex, integerBytes, stringBytes } from "../../../support/hpack_encoder.ts";

const LIMIT = 16_384;
const ALL_BYTES = String.fromCharCode(...Array(256).keys());

function newDecoder(maxListBytes: number = LIMIT): HpackDecoder {
  return new HpackDecoder({ maxListBytes });
}

/** A literal field with indexing. */
function indexed(name: string, value: string, isCoded = false): number[] {
  return [0x40, ...stringBytes(name, isCoded), ...stringBytes(value, isCoded)];
}

/** A literal field without indexing, named "a", with this Huffman code as its value. */
function coded(digits: string): number[] {
  const code = fromHex(digits);
  return [0, 1, 0x61, 0x80 | code.length, ...code];
}

const WRONG: readonly (readonly [name: string, block: Iterable<number>, message: RegExp])[] = [
  ["index 0", [0x80], /there is no field 0$/],
  ["an index behind the static table", [0x80 + 62], /there is no field 62$/],
  [
    "an index behind the dynamic table",
    [...indexed("a", "b"), 0x80 + 62, 0x80 + 63],
    /there is no field 63$/,
  ],
  ["a name's index behind the table, indexed", [0x7f, 0, 1, 0x61], /there is no field 63$/],
  ["a name's index behind the table, not indexed", [0x0f, 48, 1, 0x61], /there is no field 63$/],
  ["a name's index behind the table, never indexed", [0x1f, 48, 1, 0x61], /there is no field 63$/],
  ["an index that breaks off in its prefix", [0xff], /it ends too early$/],
  ["an index that breaks off behind", [0xff, 0x80], /it ends too early$/],
  ["an index of 2^31 - 1", integerBytes(0x80, 7, 2 ** 31 - 1), /there is no field 2147483647$/],
  ["an index of 2^31", integerBytes(0x80, 7, 2 ** 31), /a number is too large$/],
  ["an index of 2^32 + 1", integerBytes(0x80, 7, 2 ** 32 + 1), /a number is too large$/],
  ["an index of 2^53", integerBytes(0x80, 7, 2 ** 53), /a number is too large$/],
  ["an index of seven bytes, nearly all of them zero", fromHex("ff808080808000"), /too large$/],
  ["an index without end", Array(1000).fill(0xff), /a number is too large$/],
  ["a field without a name", [0x40], /it ends too early$/],
  ["a field without a value", [0x40, 1, 0x61], /it ends too early$/],
  ["a name past the end", [0, 2, 0x61], /a string goes past its end$/],
  ["a value past the end", [0x04, 3, 0x61, 0x61], /a string goes past its end$/],
  ["a coded value past the end", [0x04, 0x83, 0x1f, 0x1f], /a string goes past its end$/],
  ["a value of 2^31 - 1", [0x04, ...integerBytes(0, 7, 2 ** 31 - 1)], /past its end$/],
  ["a value of 2^31", [0x04, ...integerBytes(0, 7, 2 ** 31)], /a number is too large$/],
  ["padding of eight ones", coded("f8ff"), /the padding of a string is wrong$/],
  ["padding of eleven ones", coded("1fff"), /the padding of a string is wrong$/],
  ["padding and nothing else", coded("ff"), /the padding of a string is wrong$/],
  ["padding of zeros", coded("18"), /the padding of a string is wrong$/],
  ["padding with a zero at its end", coded("1e"), /the padding of a string is wrong$/],
  ["a code that breaks off", coded("fffe"), /the padding of a string is wrong$/],
  ["the end-of-string symbol alone", coded("ffffffff"), /the end-of-string symbol is in/],
  ["the end-of-string symbol inside", coded("1fffffffe3"), /the end-of-string symbol is in/],
  ["the end-of-string symbol and a letter", coded("fffffffc7f"), /the end-of-string symbol is in/],
  ["a table's size behind a field", [0x82, 0x20], /the table changes its size behind a field$/],
  ["a table's size above the maximum", integerBytes(0x20, 5, 4097), /larger than allowed$/],
  ["a table's size of 2^31", integerBytes(0x20, 5, 2 ** 31), /a number is too large$/],
  ["a table's size that breaks off", [0x3f], /it ends too early$/],
];

for (const [name, block, message] of WRONG) {
  Deno.test(`HpackDecoder refuses ${name}`, () => {
    const decoder = newDecoder();

    throws(
      () => decoder.decode(Uint8Array.from(block)),
      (error) => error instanceof CompressionError && message.test(error.message),
    );
    // Its table may not be the peer's any more.
    throws(() => decoder.decode(Uint8Array.of(0x82)), CompressionError);
  });
}

Deno.test("HpackDecoder reads a block that breaks off as far as no field is cut, and no further", () => {
  const fields = [...indexed("name", "value", true), ...indexed("other", "v".repeat(300)), 0x82];
  const ends = [0, indexed("name", "value", true).length, fields.length - 1, fields.length];

  for (let end = 0; end <= fields.length; end++) {
    const read = () => newDecoder().decode(Uint8Array.from(fields.slice(0, end)));
    if (ends.includes(end)) equal(read().fields.length, ends.indexOf(end));
    else throws(read, CompressionError);
  }
});

Deno.test("HpackDecoder reads an empty block, empty strings and an empty code", () => {
  deepEqual(newDecoder().decode(new Uint8Array()), { fields: [], isTooLarge: false });
  deepEqual(newDecoder().decode(Uint8Array.of(0, 0, 0, 0, 0x80, 0x80)).fields, [["", ""], [
    "",
    "",
  ]]);
});

Deno.test("HpackDecoder reads every byte as the Latin-1 character, plain and coded", () => {
  const plain = Uint8Array.from(indexed("x", ALL_BYTES, false));
  const withCodes = Uint8Array.from(indexed("x", ALL_BYTES, true));

  // TextDecoder would read 0x80 as U+20AC.
  deepEqual(newDecoder().decode(plain).fields, [["x", ALL_BYTES]]);
  deepEqual(newDecoder().decode(withCodes).fields, [["x", ALL_BYTES]]);
});

Deno.test("HpackDecoder keeps strings longer than any buffer of ours, plain and coded", () => {
  const value = ALL_BYTES.repeat(400);

  for (const isCoded of [false, true]) {
    const block = Uint8Array.from([0, 1, 0x61, ...stringBytes(value, isCoded)]);
    deepEqual(newDecoder(200_000).decode(block).fields, [["a", value]]);
  }
});

Deno.test("HpackDecoder lets a table's size change several times before the first field", () => {
  const decoder = newDecoder();
  decoder.decode(Uint8Array.from(indexed("a", "b")));

  const sizes = [...integerBytes(0x20, 5, 100), ...integerBytes(0x20, 5, 4096), 0x80 + 62];
  deepEqual(decoder.decode(Uint8Array.from(sizes)).fields, [["a", "b"]]);

  const emptied = [...NO_TABLE, ...integerBytes(0x20, 5, 4096), 0x80 + 62];
  throws(() => decoder.decode(Uint8Array.from(emptied)), /there is no field 62$/);
});

Deno.test("HpackDecoder begins with 4096 bytes of table, and with more once the peer says so", () => {
  const decoder = new HpackDecoder({ maxListBytes: 100_000, maxTableBytes: 8192 });
  const large = indexed("a", "v".repeat(5000));

  decoder.decode(Uint8Array.from(large));
  decoder.decode(Uint8Array.from([...integerBytes(0x20, 5, 8192), ...large]));

  equal(decoder.decode(Uint8Array.of(0x80 + 62)).fields[0]?.[1].length, 5000);
  throws(() => decoder.decode(Uint8Array.of(0x80 + 63)), CompressionError);
});

Deno.test("HpackDecoder empties its table for a field larger than the table, and goes on", () => {
  const decoder = newDecoder();
  decoder.decode(Uint8Array.from(indexed("a", "b")));

  const { fields } = decoder.decode(Uint8Array.from(indexed("a", "v".repeat(4064))));

  equal(fields[0]?.[1].length, 4064);
  throws(() => decoder.decode(Uint8Array.of(0x80 + 62)), CompressionError);
});

Deno.test("HpackDecoder keeps a field that fills the whole table", () => {
  const decoder = newDecoder();
  const value = "v".repeat(4096 - 32 - 1);

  decoder.decode(Uint8Array.from(indexed("a", value)));

  deepEqual(decoder.decode(Uint8Array.of(0x80 + 62)).fields, [["a", value]]);
});

Deno.test("HpackDecoder reads a new field by the name of the field that it evicts", () => {
  const decoder = newDecoder();
  decoder.decode(Uint8Array.from(indexed("the-name", "v".repeat(4000))));

  const next = [0x40 + 62, ...stringBytes("w".repeat(4000), true), 0x80 + 62];
  const { fields } = decoder.decode(Uint8Array.from(next));

  deepEqual(fields, [["the-name", "w".repeat(4000)], ["the-name", "w".repeat(4000)]]);
});

Deno.test("HpackDecoder takes a list of exactly the limit, and none of a longer one", () => {
  const block = Uint8Array.from([0x82, ...indexed("name", "value")]);
  const size = 7 + 3 + 32 + 4 + 5 + 32;

  equal(newDecoder(size).decode(block).fields.length, 2);
  deepEqual(newDecoder(size - 1).decode(block), { fields: [], isTooLarge: true });
});

Deno.test("HpackDecoder knows what a list that was too long put into the table", () => {
  const decoder = newDecoder(100);
  const block = [
    ...indexed("first", "1"),
    // Longer than the list may be: kept for the table, which has room for it.
    ...indexed("long", "v".repeat(3000), true),
    ...indexed("last", "3"),
  ];

  deepEqual(decoder.decode(Uint8Array.from(block)), { fields: [], isTooLarge: true });

  deepEqual(decoder.decode(Uint8Array.of(0x80 + 62, 0x80 + 64)), {
    fields: [["last", "3"], ["first", "1"]],
    isTooLarge: false,
  });
  equal(decoder.decode(Uint8Array.of(0x80 + 63)).isTooLarge, true);
});

Deno.test("HpackDecoder finds what is wrong behind the limit of the list", () => {
  const block = [...indexed("long", "v".repeat(200)), ...coded("ff")];

  throws(() => newDecoder(100).decode(Uint8Array.from(block)), CompressionError);
});

Deno.test("HpackDecoder collects nothing of a small block that says a large list", () => {
  const decoder = newDecoder(LIMIT);
  decoder.decode(Uint8Array.from(indexed("bomb", "v".repeat(4000))));

  deepEqual(decoder.decode(new Uint8Array(LIMIT).fill(0x80 + 62)), {
    fields: [],
    isTooLarge: true,
  });
});

Deno.test("BlockReader makes no text of a string that is longer than wanted", () => {
  for (const isCoded of [false, true]) {
    const bytes = Uint8Array.from([...stringBytes("v".repeat(1000), isCoded), 0x82]);
    const reader = new BlockReader(bytes);

    equal(reader.readString(999), 1000);
    equal(reader.peek(), 0x82);
    equal(new BlockReader(bytes).readString(1000), "v".repeat(1000));
  }
});
