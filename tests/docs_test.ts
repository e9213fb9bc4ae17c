/**
 * The pages stay true: what they link to is there, and the commands they tell are commands.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import denoJson from "../deno.json" with { type: "json" };
import { parseProviderText } from "../core/provider_schema.ts";
import { readSource, ROOT } from "./support/module_graph.ts";

const PAGES = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  "SECURITY.md",
  ...markdownBelow("docs"),
];

Deno.test("docs: every relative link leads to a file", () => {
  const dead = PAGES.flatMap((page) =>
    [...readSource(page).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g)]
      .map((link) => new URL(link[1]!, new URL(page, ROOT)))
      .filter((target) => !exists(target))
      .map((target) => `${page}: ${target.href.slice(ROOT.href.length)}`)
  );

  deepEqual(dead, []);
});

Deno.test("docs: every task they tell is a task of deno.json", () => {
  const known = Object.keys(denoJson.tasks);

  const unknown = PAGES.flatMap((page) =>
    [...readSource(page).matchAll(/\bdeno(?:@[\d.]+)? task ([a-z_]+)/g)]
      .filter((task) => !known.includes(task[1]!))
      .map((task) => `${page}: ${task[0]}`)
  );

  deepEqual(unknown, []);
});

Deno.test("docs: every file they name in code quotes exists", () => {
  const named =
    /`((?:core|providers|daemon|client|proxy|cli|tests|bench|examples)\/[a-z0-9_/]+\.(?:ts|tsx|json))`/g;

  const missing = PAGES.flatMap((page) =>
    [...readSource(page).matchAll(named)]
      .filter((file) => !/(^|\/)your_/.test(file[1]!))
      .filter((file) => !exists(new URL(file[1]!, ROOT)))
      .map((file) => `${page}: ${file[1]}`)
  );

  deepEqual(missing, []);
});

for (const [, example] of readSource("docs/providers.md").matchAll(/```json\n([^]*?)```/g)) {
  const { name } = JSON.parse(example!);
  Deno.test(`docs: the example definition ${name} is one`, () => {
    equal(parseProviderText(example!).name, name);
  });
}

Deno.test("docs: the list of decisions names each of them", () => {
  const list = readSource("docs/adr/README.md");

  const forgotten = markdownBelow("docs/adr")
    .map((page) => page.slice("docs/adr/".length))
    .filter((name) => name !== "README.md" && !list.includes(`(${name})`));

  deepEqual(forgotten, []);
});

Deno.test("docs: the README tells the two commands of a fresh machine", () => {
  const readme = readSource("README.md");

  ok(readme.includes("\nnpx -y deno@2.9.6 task try\n"));
  ok(readme.includes("\nnpx -y deno@2.9.6 task test\n"));
});

function markdownBelow(folder: string): string[] {
  return [...Deno.readDirSync(new URL(folder, ROOT))].flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) return markdownBelow(path);
    return entry.name.endsWith(".md") ? [path] : [];
  }).sort();
}

function exists(url: URL): boolean {
  try {
    Deno.statSync(url);
    return true;
  } catch {
    return false;
  }
}
