import { equal } from "node:assert/strict";
import { type Keystroke, LineEditor } from "../../cli/line_editor.ts";

/** Types a text and returns what the terminal showed and how it ended. */
function type(
  text: string,
  { masked = true, room = 40 } = {},
): { echo: string; last: Keystroke } {
  const editor = new LineEditor({ masked, room });
  let echo = "";
  let last: Keystroke = { type: "typing", echo: "" };
  for (const byte of new TextEncoder().encode(text)) {
    last = editor.press(byte);
    if (last.type === "typing") echo += last.echo;
  }
  return { echo, last };
}

const ENTERED: readonly (readonly [name: string, keys: string, text: string])[] = [
  ["plain letters", "sk-123\r", "sk-123"],
  ["a line feed as Enter", "abc\n", "abc"],
  ["Backspace", "abd\x7fc\r", "abc"],
  ["Backspace on nothing", "\x7f\x7fa\r", "a"],
  ["Backspace over two bytes of UTF-8", "aé\x7fb\r", "ab"],
  ["Backspace over four bytes of UTF-8", "a😀\x7fb\r", "ab"],
  ["Ctrl-U", "wrong\x15right\r", "right"],
  ["arrow keys", "a\x1b[D\x1b[C\x1bOAb\r", "ab"],
  ["a bracketed paste", "\x1b[200~key\x1b[201~\r", "key"],
  ["Ctrl-D in the middle", "a\x04b\r", "ab"],
  ["other control keys", "a\x01\x02\tb\r", "ab"],
  ["nothing", "\r", ""],
];

for (const [name, keys, text] of ENTERED) {
  Deno.test(`LineEditor understands ${name}`, () => {
    const { last } = type(keys);

    equal(last.type === "entered" ? last.text : last.type, text);
  });
}

Deno.test("LineEditor shows one star for each character, and no character", () => {
  equal(type("sé😀").echo, "***");
  equal(type("sé😀", { masked: false }).echo, "sé😀");
});

Deno.test("LineEditor erases what it showed, and no more than that", () => {
  equal(type("ab\x7f\x7f\x7f").echo, "**\b \b\b \b");
  equal(type("abcdef\x15", { room: 3 }).echo, "***\b \b\b \b\b \b");
  equal(type("abcdef\x7f", { room: 3 }).echo, "***");
});

Deno.test("LineEditor is cancelled by Ctrl-C, and by Ctrl-D at the beginning", () => {
  equal(type("abc\x03").last.type, "cancelled");
  equal(type("\x04").last.type, "cancelled");
});
