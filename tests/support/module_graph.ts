/**
 * The files of this checkout and the imports between them, as `deno info` sees them.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

/** One import of a file of the checkout. */
export interface Arrow {
  readonly from: string;
  /** Another file of the checkout, or a module of the runtime: `node:fs`. */
  readonly to: string;
  /** Whether `to` is read when `from` is loaded; false for an import of types alone. */
  readonly isCode: boolean;
  /** Whether that is said by `import()` alone: it is read with the file, and runs when it is called. */
  readonly isDynamic: boolean;
}

/** Root of the checkout, with a slash at its end. */
export const ROOT = new URL("../../", import.meta.url);

const PRODUCT = ["core", "providers", "daemon", "client", "proxy", "cli"];
const BESIDE = ["compile", "tests", "bench", "examples"];

/** Paths of the product's own TypeScript files, relative to the root, sorted. */
export function productFiles(): string[] {
  return [...PRODUCT.flatMap(filesBelow), "cli.ts", "mod.ts"].sort();
}

/** Paths of every TypeScript file, tests and tools included. */
export function allFiles(): string[] {
  return [...productFiles(), ...BESIDE.flatMap(filesBelow)].sort();
}

/** Text of the file at `path`. */
export function readSource(path: string): string {
  return Deno.readTextFileSync(new URL(path, ROOT));
}

function filesBelow(folder: string): string[] {
  const files: string[] = [];
  for (const entry of Deno.readDirSync(new URL(folder, ROOT))) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) files.push(...filesBelow(path));
    else if (/\.tsx?$/.test(entry.name)) files.push(path);
  }
  return files;
}

/**
 * Every import between `files`, type-only and dynamic ones included.
 *
 * All of it is of one moment: whatever a test wants to know of imports it learns from here, so that an
 * editor which saves meanwhile does not fail it.
 *
 * @throws {Error} when `deno info` fails, or cannot read one of the files.
 */
export async function readArrows(files: readonly string[]): Promise<Arrow[]> {
  const entry = await Deno.makeTempFile({ prefix: "authsome-graph-", suffix: ".ts" });
  try {
    const lines = files.map((file) => `import ${JSON.stringify(new URL(file, ROOT).href)};`);
    await Deno.writeTextFile(entry, lines.join("\n"));
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", "--config", fileURLToPath(new URL("deno.json", ROOT)), entry],
      cwd: ROOT,
    }).output();
    if (code !== 0) throw new Error(`Cannot read the imports: ${new TextDecoder().decode(stderr)}`);
    return arrowsOf(JSON.parse(new TextDecoder().decode(stdout)));
  } finally {
    await Deno.remove(entry);
  }
}

interface Graph {
  readonly modules: readonly {
    readonly specifier: string;
    readonly error?: string;
    readonly dependencies?: readonly {
      readonly isDynamic?: boolean;
      readonly code?: { readonly specifier?: string };
      readonly type?: { readonly specifier?: string };
    }[];
  }[];
}

function arrowsOf(graph: Graph): Arrow[] {
  const arrows: Arrow[] = [];
  for (const { specifier, error, dependencies = [] } of graph.modules) {
    const from = inCheckout(specifier);
    if (from === null) continue;
    if (error !== undefined) throw new Error(`Cannot read the imports of ${from}: ${error}`);
    for (const { code, type, isDynamic = false } of dependencies) {
      const target = code?.specifier ?? type?.specifier ?? "";
      const to = target.startsWith("node:") ? target : inCheckout(target);
      if (to === null || to === from) continue;
      arrows.push({ from, to, isCode: code !== undefined, isDynamic });
    }
  }
  return arrows;
}

function inCheckout(specifier: string): string | null {
  return specifier.startsWith(ROOT.href) ? specifier.slice(ROOT.href.length) : null;
}
