import { deepEqual, equal, match } from "node:assert/strict";
import { looksLikeKey } from "../../cli/looks_like_key.ts";
import { TemporaryHome } from "../support/temporary_home.ts";

Deno.test("a word with the form of a key is told from a name", () => {
  const words = ["sk-abc", "ghp_x1", "xoxb-1-2", "0123456789abcdef0123", "openai", "github/work"];

  deepEqual(words.filter(looksLikeKey), ["sk-abc", "ghp_x1", "xoxb-1-2", "0123456789abcdef0123"]);
});

for (const more of [[], ["--stdin"]]) {
  const line = ["login KEY", ...more].join(" ");
  Deno.test(`authsome ${line} does not repeat the key, and says how to give it`, async () => {
    const home = await TemporaryHome.create();
    try {
      const key = "sk-0123456789abcdef";

      const { code, stdout, stderr } = await home.authsome(["login", key, ...more, "--json"]);

      equal(code, 2);
      equal(`${stdout}${stderr}`.includes(key), false);
      match(JSON.parse(stdout).message, /^Cannot take a key as an argument/);
      deepEqual(await home.filesHolding(key), []);
    } finally {
      await home.remove();
    }
  });
}
