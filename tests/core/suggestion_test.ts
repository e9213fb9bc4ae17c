import assert from "node:assert/strict";
import { nearest } from "../../core/suggestion.ts";

const NAMES = ["github", "github-pat", "gitlab", "google", "google-drive", "openai", "x"];

Deno.test("nearest() finds the name behind a typing mistake", async (t) => {
  const rows: readonly [typed: string, first: string][] = [
    ["gihtub", "github"],
    ["githb", "github"],
    ["GitHub", "github"],
    ["opanai", "openai"],
    ["gitlabb", "gitlab"],
    ["drive", "google-drive"],
    ["goog", "google"],
  ];
  for (const [typed, first] of rows) {
    await t.step(typed, () => assert.equal(nearest(typed, NAMES)[0], first));
  }
});

Deno.test("nearest() names nothing that is not near, and three at most", () => {
  assert.deepEqual(nearest("kubernetes", NAMES), []);
  assert.deepEqual(nearest("g", NAMES), ["x"], "one edit is as far as one letter reaches");
  assert.equal(nearest("git", ["gita", "gitb", "gitc", "gitd"]).length, 3);
  assert.deepEqual(nearest("git", ["gita", "gitb"], 1), ["gita"]);
});
