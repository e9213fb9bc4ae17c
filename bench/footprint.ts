/**
 * What an installation of authsome weighs. (Its memory: `start.ts` and `proxy_memory.ts`.)
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { ROOT } from "../tests/support/temporary_home.ts";
import type { BenchRow } from "./bench_row.ts";

/** The rows of this file. */
export async function benchFootprint(): Promise<BenchRow[]> {
  const { own, packages } = await installedBytes();
  return [
    {
      name: "installed: authsome's own code",
      value: own / 1e6,
      unit: "MB",
      note: "every module of the command line, the proxy, the daemon and its dashboard",
    },
    { name: "installed: its npm packages", value: packages / 1e6, unit: "MB", note: "unpacked" },
  ];
}

interface Graph {
  readonly modules: readonly {
    readonly specifier: string;
    readonly size?: number;
    /** Which package an `npm:` module is of; a key of `npmPackages`, which holds the whole lock file. */
    readonly npmPackage?: string;
  }[];
  readonly npmPackages: Readonly<
    Record<string, { readonly name: string; readonly version: string }>
  >;
}

/** What `deno install` fetches: `cli.ts` with everything that it or its types lead to. */
async function installedBytes(): Promise<{ own: number; packages: number }> {
  const graph = JSON.parse(await deno(["info", "--json", "cli.ts"])) as Graph;
  const { npmCache } = JSON.parse(await deno(["info", "--json"])) as { npmCache: string };
  let own = 0;
  for (const { specifier, size = 0 } of graph.modules) {
    if (specifier.startsWith("file:") && fileURLToPath(specifier).startsWith(ROOT)) own += size;
  }
  let packages = 0;
  const [registry = ""] = [...Deno.readDirSync(npmCache)].map((entry) => entry.name);
  const used = new Set(graph.modules.flatMap(({ npmPackage }) => npmPackage ?? []));
  for (const id of used) {
    const { name, version } = graph.npmPackages[id]!;
    packages += bytesBelow(`${npmCache}/${registry}/${name}/${version}`);
  }
  return { own, packages };
}

function bytesBelow(directory: string): number {
  let bytes = 0;
  for (const entry of Deno.readDirSync(directory)) {
    const path = `${directory}/${entry.name}`;
    if (entry.isDirectory) bytes += bytesBelow(path);
    else if (entry.isFile) bytes += Deno.statSync(path).size;
  }
  return bytes;
}

async function deno(args: readonly string[]): Promise<string> {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
  }).output();
  if (!success) throw new Error(`deno ${args.join(" ")} failed`);
  return new TextDecoder().decode(stdout);
}
