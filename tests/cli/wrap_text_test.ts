import { equal } from "node:assert/strict";
import { wrapText } from "../../cli/wrap_text.ts";

const WRAPPED:
  readonly (readonly [name: string, text: string, columns: number | null, out: string])[] = [
    ["breaks at spaces", "one two three", 8, "one two\n  three"],
    [
      "leaves a long word whole",
      "see https://example.com/path",
      10,
      "see\n  https://example.com/path",
    ],
    ["keeps spaces in front", "    a b", 80, "    a b"],
    ["keeps spaces between columns", "a    b", 80, "a    b"],
    ["wraps each line by itself", "a b\nc d", 3, "a b\nc d"],
    ["changes nothing without a terminal", "a ".repeat(200), null, "a ".repeat(200)],
    ["survives an empty text", "", 10, ""],
  ];

for (const [name, text, columns, expected] of WRAPPED) {
  Deno.test(`wrapText() ${name}`, () => equal(wrapText(text, columns, "  "), expected));
}
