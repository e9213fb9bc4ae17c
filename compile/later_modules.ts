/**
 * The modules that the product loads by a computed address (`core/import_later.ts`). A bundler and
 * `deno compile` do not see them by themselves, so they are told.
 *
 * @module
 */

/** One call of `importLater()`. */
export interface LaterModule {
  /** File with the call, from the root of the checkout. */
  readonly from: string;
  /** What the type names, as written. */
  readonly type: string;
  /** What is loaded, from the root of the checkout. */
  readonly path: string;
}

const ROOT = new URL("../", import.meta.url);
const LAYERS = ["cli", "client", "proxy", "core"];
const CALL = /importLater<\s*typeof import\("([^"]+)"\)\s*>\(\s*"([^"]+)",?\s*\)/g;

/** Every call below the layers that may make one. */
export function laterModules(): LaterModule[] {
  return LAYERS.flatMap((layer) => sourcesBelow(layer)).flatMap((from) => {
    if (from === "core/import_later.ts") return [];
    const source = Deno.readTextFileSync(new URL(from, ROOT));
    return [...source.matchAll(CALL)].map(([, type = "", path = ""]) => ({ from, type, path }));
  });
}

/** Their paths, each once. */
export function laterPaths(): string[] {
  return [...new Set(laterModules().map(({ path }) => path))].sort();
}

function sourcesBelow(directory: string): string[] {
  return [...Deno.readDirSync(new URL(directory, ROOT))].flatMap(({ name, isDirectory }) => {
    const path = `${directory}/${name}`;
    if (isDirectory) return sourcesBelow(path);
    return /\.tsx?$/.test(name) ? [path] : [];
  }).sort();
}
