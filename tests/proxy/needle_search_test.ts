/** Texts in a stream of bytes. */
import assert from "node:assert/strict";
import { NeedleSearch } from "../../proxy/needle_search.ts";

const NEEDLES = ["authsome-placeholder-abc", "sk-authsome0123456", "xoxb-0123456789"];

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

Deno.test("find() says which text is there, wherever it stands", () => {
  const search = new NeedleSearch(NEEDLES);
  for (const [index, needle] of NEEDLES.entries()) {
    for (const padding of [0, 1, 2, 13, 14, 15, 200]) {
      assert.equal(search.find(bytes("x".repeat(padding) + needle)), index);
      assert.equal(search.find(bytes(needle + "-".repeat(padding))), index);
      assert.equal(search.find(bytes(needle.slice(0, -1) + "!".repeat(padding))), -1);
    }
  }
  assert.equal(search.find(new Uint8Array()), -1);
});

Deno.test("stream() finds a text however it is cut", () => {
  const search = new NeedleSearch(NEEDLES);
  const whole = bytes(`some text before ${NEEDLES[1]} and behind`);
  for (let cut = 1; cut < whole.length; cut++) {
    const next = search.stream();
    const found = [next(whole.subarray(0, cut)), next(whole.subarray(cut))];
    assert.ok(found.includes(1), `cut at ${cut}`);
  }
  const next = search.stream();
  assert.ok([...whole].some((byte) => next(Uint8Array.of(byte)) === 1));
});

Deno.test("find() agrees with a plain search in random bytes", () => {
  const alphabet = "ab";
  const random = () => alphabet[Math.floor(Math.random() * alphabet.length)]!;
  const text = (length: number) => Array.from({ length }, random).join("");
  for (let round = 0; round < 500; round++) {
    const needles = [text(6), text(8), text(7)];
    const hay = text(60);
    const found = new NeedleSearch(needles).find(bytes(hay));
    assert.equal(
      found >= 0,
      needles.some((needle) => hay.includes(needle)),
      `${needles} in ${hay}`,
    );
  }
});
