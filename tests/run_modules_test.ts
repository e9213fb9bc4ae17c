import { deepEqual, ok } from "node:assert/strict";
import { dirname, relative } from "node:path/posix";
import { type Arrow, productFiles, readArrows, readSource, ROOT } from "./support/module_graph.ts";

/** What a run loads, one behind the other: what a list names, and what was there before it. */
const LISTS = [
  { list: "cli/main_modules.ts", loaded: ["cli.ts"] },
  { list: "cli/run_modules.ts", loaded: ["cli.ts", "cli/main_modules.ts"] },
  {
    list: "proxy/run_parts.ts",
    loaded: ["cli.ts", "cli/main_modules.ts", "cli/run_modules.ts"],
  },
  {
    list: "proxy/engine_modules.ts",
    loaded: ["cli.ts", "cli/main_modules.ts", "cli/run_modules.ts", "proxy/run_parts.ts"],
  },
];

// With UPDATE=1 they are written anew.
for (const { list, loaded } of LISTS) {
  Deno.test(`${list} names every module that is loaded with it, and no other`, async () => {
    const arrows = (await readArrows(productFiles())).filter(({ isCode, isDynamic }) =>
      isCode && !isDynamic
    );
    const before = reachable(loaded, arrows);
    const wanted = [...reachable([list], arrows)].filter((file) => !before.has(file));
    ok(wanted.length > 10, `${list} loads something`);
    if (Deno.env.get("UPDATE") === "1") rewrite(list, wanted);

    const named = new Set([list, ...namesIn(list)]);

    deepEqual({
      missing: wanted.filter((file) => !named.has(file)),
      unneeded: [...named].filter((file) => !wanted.includes(file)),
      rewriteWith: "UPDATE=1",
    }, { missing: [], unneeded: [], rewriteWith: "UPDATE=1" });
  });
}

function reachable(entries: readonly string[], arrows: readonly Arrow[]): Set<string> {
  const reached = new Set(entries);
  for (const file of reached) {
    for (const { from, to } of arrows) if (from === file) reached.add(to);
  }
  return reached;
}

/** Files that a list names, from the root; modules of the runtime as they are. */
function namesIn(list: string): string[] {
  return [...readSource(list).matchAll(/(?:from|^import) "([^"]+)";$/gm)]
    .map(([, name = ""]) => fromRoot(list, name));
}

function fromRoot(list: string, name: string): string {
  if (!name.startsWith(".")) return name;
  return new URL(name, new URL(list, ROOT)).href.slice(ROOT.href.length);
}

/** Keeps what is exported: it says what the list is for. */
function rewrite(list: string, wanted: readonly string[]): void {
  const kept = readSource(list).split("\n").filter((line) => !/^import "|^$/.test(line));
  const exported = new Set(
    [...kept.join("\n").matchAll(/^export .* from "([^"]+)";$/gm)]
      .map(([, name = ""]) => fromRoot(list, name)),
  );
  const lines = wanted
    .filter((file) => file !== list && !exported.has(file))
    .map((file) => `import "${nameFor(list, file)}";`).toSorted();
  Deno.writeTextFileSync(new URL(list, ROOT), [...kept, ...lines, ""].join("\n"));
}

function nameFor(list: string, file: string): string {
  if (file.startsWith("node:")) return file;
  const path = relative(dirname(list), file);
  return path.startsWith(".") ? path : `./${path}`;
}
