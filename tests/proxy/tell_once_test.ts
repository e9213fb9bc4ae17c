/** What a program can cause again and again does not fill the owner's terminal and log. */
import assert from "node:assert/strict";
import { PlaceholderCanaries } from "../../proxy/placeholder_canaries.ts";
import { tellOnce } from "../../proxy/tell_once.ts";
import { startTestProxy } from "../support/proxy_bench.ts";
import { until } from "../support/until.ts";

Deno.test("each line is told once, and fifty different ones", () => {
  const told: string[] = [];
  const tell = tellOnce((line) => told.push(line));
  for (let n = 0; n < 1_000; n++) tell(`line ${n >> 1}`);

  assert.deepEqual(told.slice(0, 2), ["line 0", "line 1"]);
  assert.equal(told.length, 51);
  assert.equal(told.at(-1), "there is more of this kind, which is not shown");
});

Deno.test("a program that does not trust the run's authority is told of once, however often it tries", async () => {
  const test = await startTestProxy();
  try {
    for (let n = 0; n < 3; n++) {
      await assert.rejects(test.tunnel("api.acme.test", { authorities: [] }));
    }
    const distrust = /does not trust this run's certificate authority/;
    const told = () => test.notes.filter((line) => distrust.test(line)).length;
    await until(() => told() > 0);
    assert.equal(told(), 1);
  } finally {
    await test.close();
  }
});

Deno.test("a program that sends its placeholder to ever new hosts fills no log", () => {
  const told: string[] = [];
  const placeholder = {
    provider: "acme",
    connection: "default",
    field: "api_key",
    text: "placeholder-that-is-long-enough",
  };
  const canaries = new PlaceholderCanaries([placeholder], (line) => told.push(line));
  for (let n = 0; n < 1_000; n++) {
    const request = { target: `/${placeholder.text}`, lines: [], names: [] };
    assert.throws(() => canaries.check(request as never, `h${n}.test`, () => false));
  }
  assert.ok(told.length <= 51, `${told.length} lines`);
});
