/** Our reader of options beside Node's: the same tokens for the same words, odd ones included. */
import { deepEqual } from "node:assert/strict";
import { parseArgs } from "node:util";
import { type OptionForm, readTokens } from "../../cli/read_tokens.ts";

const OPTIONS: Readonly<Record<string, OptionForm>> = {
  json: { takesValue: false },
  verbose: { takesValue: false, short: "v" },
  quiet: { takesValue: false, short: "q" },
  lines: { takesValue: true, short: "n" },
  "log-file": { takesValue: true },
};

function tokensOfNode(words: readonly string[]): unknown[] {
  const { tokens } = parseArgs({
    args: [...words],
    options: Object.fromEntries(
      Object.entries(OPTIONS).map(([name, { takesValue, short }]) => [name, {
        type: takesValue ? "string" as const : "boolean" as const,
        ...(short === undefined ? {} : { short }),
      }]),
    ),
    strict: false,
    tokens: true,
  });
  return tokens.map((token) =>
    token.kind === "option"
      ? { kind: token.kind, name: token.name, rawName: token.rawName, value: token.value }
      : { kind: token.kind, value: (token as { value?: string }).value }
  );
}

Deno.test("readTokens() reads a line as node:util does", () => {
  const words = ["me", "--json", "--lines=5", "-n", "-1", "-vqn7", "--log-file", "", "-", "x"];

  deepEqual(readTokens(words, OPTIONS), tokensOfNode(words));
});

Deno.test("readTokens() reads every line of up to three odd words as node:util does", () => {
  const odd = [
    ..."- -v -q -n -z -vq -vn -vn3 -n3 -nv -zv -- -v=1 -n=1 -é".split(" "),
    ..."--json --json=1 --lines --lines= --lines=a=b --=x --= ---x --zz --zz=1 --toString".split(
      " ",
    ),
    ...["", "x", "=", "-=", "a=b", "--log-file", "__proto__", "--__proto__", "-n ", "\n"],
  ].filter((word) => word !== "--");
  for (const a of odd) {
    for (const b of odd) {
      for (const c of odd) {
        deepEqual(readTokens([a, b, c], OPTIONS), tokensOfNode([a, b, c]));
      }
    }
  }
});

Deno.test("readTokens() reads a dash among letters as an option nobody knows, not as the end", () => {
  const names = readTokens(["-v-n", "5"], OPTIONS).map((token) =>
    token.kind === "option" ? [token.rawName, token.value] : token.value
  );

  deepEqual(names, [["-v", undefined], ["--", undefined], ["-n", "5"]]);
});
