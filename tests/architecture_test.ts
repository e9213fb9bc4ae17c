/**
 * The shape of the code: which layer imports which, what files are called, what every one of them
 * opens with. Each failure names the file or the arrow.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import denoJson from "../deno.json" with { type: "json" };
import { dirname, join } from "node:path/posix";
import { laterModules } from "../compile/later_modules.ts";
import { VERSION } from "../core/version.ts";
import { ALLOWED_ARROWS, type AllowedArrow, layerOf, MAY_IMPORT } from "./support/layers.ts";
import {
  allFiles,
  type Arrow,
  productFiles,
  readArrows,
  readSource,
} from "./support/module_graph.ts";

/** Files that are lists to be looked things up in, so that their length hurts nobody. */
const CATALOGUES = [
  // A method for each route.
  "client/daemon_client.ts",
  "core/errors.ts",
  "tests/core/provider_schema_test.ts",
];
const LONGEST_FILE = 500;

Deno.test("architecture: every import points down the layers of docs/architecture.md", async () => {
  const arrows = await readArrows(productFiles());

  // Without this, a graph that could not be read would pass.
  ok(arrows.some(({ from, to }) => from === "daemon/flows/flow.ts" && to === "core/api.ts"));
  const used = new Set<AllowedArrow>();
  const offending: string[] = [];
  for (const { from, to } of arrows) {
    const [lower, upper] = [layerOf(to), layerOf(from)];
    // The only file outside the layers that the product reads is deno.json, by the tests.
    if (upper === null || lower === null) continue;
    if (lower === upper || MAY_IMPORT[upper].includes(lower)) continue;
    const exception = ALLOWED_ARROWS.find((allowed) => isCovered(allowed, from, to));
    if (exception !== undefined) used.add(exception);
    else offending.push(`${from} → ${to}  (${upper} may not import ${lower})`);
  }

  deepEqual(offending, []);
  const unneeded = ALLOWED_ARROWS.filter((allowed) => !used.has(allowed));
  deepEqual({ unneeded }, { unneeded: [] });
});

Deno.test("architecture: the product imports nothing from tests, benchmarks or examples", async () => {
  const arrows = await readArrows(productFiles());

  const outward = arrows.filter(({ to }) => layerOf(to) === null && /\.tsx?$/.test(to));

  deepEqual(outward, []);
});

Deno.test("architecture: the relay, the proxy and the command line cannot reach the vault", async () => {
  const arrows = await readArrows(productFiles());

  for (const entry of ["daemon/relay_main.ts", "proxy/mod.ts", "cli/main.ts", "client/launch.ts"]) {
    const reached = reachableFrom(entry, arrows);
    ok(reached.size > 1, `${entry} imports something`);
    deepEqual([...reached].filter((file) => /^daemon\/(vault|records|broker)\//.test(file)), []);
  }
});

Deno.test("architecture: a command reads no module of another command before it runs", async () => {
  const arrows = (await readArrows(productFiles())).filter(({ isCode }) => isCode);
  const commands = productFiles()
    .filter((file) => /: Command(<|\s*=)/.test(readSource(file)));
  ok(commands.includes("cli/run.ts") && commands.includes("cli/list.ts"));

  deepEqual(commands.filter((file) => reachableFrom("cli/main.ts", arrows).has(file)), []);
  const notForEveryRun = [...commands, "client/start_daemon.ts", "proxy/engine.ts", "cli/help.ts"]
    .filter((file) => file !== "cli/run.ts");
  const ofRun = reachableFrom("cli/run.ts", arrows);
  deepEqual(notForEveryRun.filter((file) => ofRun.has(file)), []);
});

Deno.test("architecture: a command that asks the daemon loads no part of Node.js before", async () => {
  const arrows = (await readArrows(productFiles()))
    // Only the library in Node.js itself loads this one.
    .filter(({ isCode, to }) => isCode && to !== "client/node_fetch.ts");
  // Without this, a graph that tells nothing of Node.js would pass.
  ok(arrows.some(({ from, to }) => from === "client/node_fetch.ts" && to === "node:http"));
  const loaded = new Set(
    ["cli/main.ts", "client/owner_client.ts", "cli/list.ts", "cli/whoami.ts"]
      .flatMap((entry) => [...reachableFrom(entry, arrows)]),
  );
  ok(loaded.has("cli/parse_arguments.ts") && loaded.has("client/daemon_client.ts"));

  // The first of them takes a process 7 to 9 ms (docs/benchmarks.md).
  const offending = arrows.filter(({ from, to, isDynamic }) =>
    loaded.has(from) && to.startsWith("node:") && !isDynamic
  );
  deepEqual(offending, []);
});

Deno.test("architecture: what is loaded later is named alike by its type and its address", () => {
  const later = laterModules();
  ok(later.some(({ path }) => path === "cli/run_modules.ts"));

  deepEqual(later.filter(({ from, type, path }) => join(dirname(from), type) !== path), []);
});

Deno.test("architecture: every file of the product belongs to a layer", () => {
  deepEqual(productFiles().filter((file) => layerOf(file) === null), []);
});

Deno.test("architecture: core has no clock, no network and no runtime", () => {
  const impure =
    /\bDeno\.(?!customInspect)|\bfetch\(|\bDate\.now\(\)|\bnew Date\(\)|\bMath\.random\(/;

  const offending = productFiles()
    .filter((file) => layerOf(file) === "core")
    .filter((file) => impure.test(withoutComments(readSource(file))));

  deepEqual(offending, []);
});

Deno.test("architecture: nothing but the terminal voice and the daemon's log writes lines", () => {
  // Holds the text of a script that Node runs in the child, not in our own processes.
  const bootstrap = "proxy/node_bootstrap.ts";

  const offending = productFiles()
    .filter((file) => file !== bootstrap)
    .filter((file) => /\bconsole\s*\./.test(withoutComments(readSource(file))));

  deepEqual(offending, []);
});

// denoland/deno#36788: it damages memory, and takes a whole test run along. Types do no harm.
Deno.test("architecture: nothing runs node:http2 in Deno; peers of tests run in Node", () => {
  const offending = allFiles().filter((file) =>
    /^import (?!type ).*"node:http2"|\bimport\("node:http2"\)/m.test(readSource(file))
  );

  deepEqual(offending, []);
});

Deno.test("architecture: every file opens by saying what it is for", () => {
  // A test is named after what it tests.
  const files = allFiles().filter((file) => !file.endsWith("_test.ts"));
  const silent = files.filter((file) => {
    const source = readSource(file).replace(/^#!.*\n/, "");
    return !/^(\/\*\* @jsx.*\*\/\n)*\/\*\*[^]*?\*\//.test(source);
  });

  deepEqual(silent, []);
});

Deno.test("architecture: no file is a place to put things", () => {
  const vague = /(^|[/_])(utils?|helpers?|commons?|types|misc|shared|stuff)(\.tsx?$|\/)/;

  deepEqual(allFiles().filter((file) => vague.test(file)), []);
});

Deno.test("architecture: files are named in snake_case", () => {
  deepEqual(
    allFiles().filter((file) => !/^([a-z0-9_]+\/)*[a-z0-9]+(_[a-z0-9]+)*(\.d)?\.tsx?$/.test(file)),
    [],
  );
});

Deno.test("architecture: only catalogues are long", () => {
  const long = allFiles()
    .filter((file) => !CATALOGUES.includes(file))
    .filter((file) => readSource(file).split("\n").length > LONGEST_FILE);

  deepEqual(long, []);
});

Deno.test("architecture: deno.json and core/version.ts name the same version", () => {
  equal(denoJson.version, VERSION);
});

Deno.test("architecture: deno.lock pins every dependency by hash and names no host", () => {
  const lock = JSON.parse(readSource("deno.lock"));

  deepEqual(lock.workspace.dependencies, Object.values(denoJson.imports).sort());
  equal(/https?:/.test(readSource("deno.lock")), false);
  for (const [name, { integrity }] of Object.entries<{ integrity: string }>(lock.npm)) {
    ok(integrity.startsWith("sha512-"), name);
  }
});

function isCovered(allowed: AllowedArrow, from: string, to: string): boolean {
  const covers = allowed.from.endsWith("/") ? from.startsWith(allowed.from) : from === allowed.from;
  return covers && to === allowed.to;
}

function reachableFrom(entry: string, arrows: readonly Arrow[]): Set<string> {
  const reached = new Set([entry]);
  // A Set yields what is added while it is walked.
  for (const file of reached) {
    for (const { from, to } of arrows) if (from === file) reached.add(to);
  }
  return reached;
}

/** The source with its comments blanked, so that prose about `fetch()` is not taken for a call. */
function withoutComments(source: string): string {
  return source.replace(/\/\*[^]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "$1");
}
