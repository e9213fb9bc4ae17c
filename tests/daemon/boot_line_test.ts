/** The line that a process of ours starts from: whole, in pieces, missing, endless. */
import { deepEqual, rejects } from "node:assert/strict";
import { type BootInput, readBootLine } from "../../daemon/boot_line.ts";

/** Gives these texts, one for each read, and then the end. */
function input(...texts: readonly string[]): BootInput {
  const rest = texts.map((text) => new TextEncoder().encode(text));
  return {
    read(buffer) {
      const next = rest.shift();
      if (next === undefined) return Promise.resolve(null);
      const taken = next.subarray(0, buffer.length);
      if (taken.length < next.length) rest.unshift(next.subarray(taken.length));
      buffer.set(taken);
      return Promise.resolve(taken.length);
    },
  };
}

Deno.test("readBootLine() reads one line, however it arrives", async () => {
  const boot = { roots: "é".repeat(100_000) };
  const line = JSON.stringify(boot) + "\n";

  deepEqual(await readBootLine(input(line)), boot);
  deepEqual(await readBootLine(input(line.slice(0, 7), line.slice(7), "more")), boot);
});

for (
  const [name, given] of [
    ["nothing", input()],
    ["a line without an end", input('{"a":1}')],
    ["something else", input("secret-thing\n")],
    [
      "more than a boot line can be",
      input(..."x".repeat(80).split("").map(() => "y".repeat(65_536))),
    ],
  ] as const
) {
  Deno.test(`readBootLine() refuses ${name}, and repeats nothing of it`, async () => {
    await rejects(readBootLine(given), {
      name: "TypeError",
      message: "Cannot start: standard input holds no boot line",
    });
  });
}
