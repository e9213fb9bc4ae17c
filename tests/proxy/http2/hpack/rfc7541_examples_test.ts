/** The examples of RFC 7541, appendix C: every one of them. */
import { deepEqual, equal, throws } from "node:assert/strict";
import { BlockReader } from "../../../../proxy/http2/hpack/block_reader.ts";
import type { FieldLine } from "../../../../proxy/http2/hpack/field_line.ts";
import { CompressionError, HpackDecoder } from "../../../../proxy/http2/hpack/hpack_decoder.ts";
import { fromHex } from "../../../support/hpack_encoder.ts";

for (
  const [section, digits, prefixBits, value] of [
    ["C.1.1", "ea", 5, 10],
    ["C.1.2", "ff9a0a", 5, 1337],
    ["C.1.3", "2a", 8, 42],
  ] as const
) {
  Deno.test(`RFC 7541 ${section}: the integer ${value}`, () => {
    equal(new BlockReader(fromHex(digits)).readInteger(prefixBits), value);
  });
}

/** Blocks of one connection, and what the dynamic table has after each, newest first. */
interface Example {
  readonly section: string;
  readonly maxTableBytes: number;
  readonly steps: readonly {
    readonly block: string;
    readonly fields: readonly FieldLine[];
    readonly table: readonly FieldLine[];
  }[];
}

const GET: FieldLine = [":method", "GET"];
const HTTP: FieldLine = [":scheme", "http"];
const HTTPS: FieldLine = [":scheme", "https"];
const SLASH: FieldLine = [":path", "/"];
const INDEX: FieldLine = [":path", "/index.html"];
const AUTHORITY: FieldLine = [":authority", "www.example.com"];
const NO_CACHE: FieldLine = ["cache-control", "no-cache"];
const CUSTOM: FieldLine = ["custom-key", "custom-value"];
const PRIVATE: FieldLine = ["cache-control", "private"];
const LOCATION: FieldLine = ["location", "https://www.example.com"];
const DATE_21: FieldLine = ["date", "Mon, 21 Oct 2013 20:13:21 GMT"];
const DATE_22: FieldLine = ["date", "Mon, 21 Oct 2013 20:13:22 GMT"];
const GZIP: FieldLine = ["content-encoding", "gzip"];
const COOKIE: FieldLine = [
  "set-cookie",
  "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
];
const status = (code: string): FieldLine => [":status", code];

const EXAMPLES: readonly Example[] = [
  {
    section: "C.2.1, a literal field with indexing",
    maxTableBytes: 4096,
    steps: [{
      block: "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
      fields: [["custom-key", "custom-header"]],
      table: [["custom-key", "custom-header"]],
    }],
  },
  {
    section: "C.2.2, a literal field without indexing",
    maxTableBytes: 4096,
    steps: [{
      block: "040c 2f73 616d 706c 652f 7061 7468",
      fields: [[":path", "/sample/path"]],
      table: [],
    }],
  },
  {
    section: "C.2.3, a literal field never indexed",
    maxTableBytes: 4096,
    steps: [{
      block: "1008 7061 7373 776f 7264 0673 6563 7265 74",
      fields: [["password", "secret"]],
      table: [],
    }],
  },
  {
    section: "C.2.4, an indexed field",
    maxTableBytes: 4096,
    steps: [{ block: "82", fields: [GET], table: [] }],
  },
  requests("C.3, requests without Huffman coding", [
    "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
    "8286 84be 5808 6e6f 2d63 6163 6865",
    "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
  ]),
  requests("C.4, requests with Huffman coding", [
    "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
    "8286 84be 5886 a8eb 1064 9cbf",
    "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
  ]),
  responses("C.5, responses without Huffman coding", [
    `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a
     3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
    "4803 3330 37c1 c0bf",
    `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04
     677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49
     553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31`,
  ]),
  responses("C.6, responses with Huffman coding", [
    `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e
     919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3`,
    "4883 640e ffc1 c0bf",
    `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7
     821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed
     4ee5 b106 3d50 07`,
  ]),
];

for (const { section, maxTableBytes, steps } of EXAMPLES) {
  Deno.test(`RFC 7541 ${section}`, () => {
    const decoder = new HpackDecoder({ maxListBytes: 65_536, maxTableBytes });

    for (const { block, fields, table } of steps) {
      deepEqual(decoder.decode(fromHex(block)), { fields, isTooLarge: false });
      // The lines of the dynamic table begin at number 62.
      const numbers = Uint8Array.from(table, (_line, age) => 0x80 + 62 + age);
      deepEqual(decoder.decode(numbers).fields, table);
    }
    const oneTooMany = 0x80 + 62 + steps.at(-1)!.table.length;
    throws(() => decoder.decode(Uint8Array.of(oneTooMany)), CompressionError);
  });
}

function requests(section: string, [one, two, three]: [string, string, string]): Example {
  return {
    section,
    maxTableBytes: 4096,
    steps: [
      { block: one, fields: [GET, HTTP, SLASH, AUTHORITY], table: [AUTHORITY] },
      {
        block: two,
        fields: [GET, HTTP, SLASH, AUTHORITY, NO_CACHE],
        table: [NO_CACHE, AUTHORITY],
      },
      {
        block: three,
        fields: [GET, HTTPS, INDEX, AUTHORITY, CUSTOM],
        table: [CUSTOM, NO_CACHE, AUTHORITY],
      },
    ],
  };
}

/** With a table of 256 bytes, so that lines are evicted. */
function responses(section: string, [one, two, three]: [string, string, string]): Example {
  return {
    section,
    maxTableBytes: 256,
    steps: [
      {
        block: one,
        fields: [status("302"), PRIVATE, DATE_21, LOCATION],
        table: [LOCATION, DATE_21, PRIVATE, status("302")],
      },
      {
        block: two,
        fields: [status("307"), PRIVATE, DATE_21, LOCATION],
        table: [status("307"), LOCATION, DATE_21, PRIVATE],
      },
      {
        block: three,
        fields: [status("200"), PRIVATE, DATE_22, LOCATION, GZIP, COOKIE],
        table: [COOKIE, GZIP, DATE_22],
      },
    ],
  };
}
