/**
 * Where the daemon's and the relay's entry modules are, and what the runtime needs to find them
 * again without the network.
 *
 * @module
 */

/** The two entries, as URLs that `deno run` takes. */
export interface ModuleEntries {
  readonly daemon: string;
  readonly relay: string;
  /** Path of `deno.json` in a checkout; null for an installed package. */
  readonly config: string | null;
}

/** The entries beside this module: `file:` in a checkout, `https:` when installed from JSR. */
export function moduleEntries(): ModuleEntries {
  const here = new URL(import.meta.url);
  return {
    daemon: import.meta.resolve("../daemon/main.ts"),
    relay: import.meta.resolve("../daemon/relay_main.ts"),
    config: here.protocol === "file:" ? fileSystemPath(new URL("../deno.json", here)) : null,
  };
}

function fileSystemPath(url: URL): string {
  const path = decodeURIComponent(url.pathname);
  return Deno.build.os === "windows" ? path.slice(1).replaceAll("/", "\\") : path;
}

/**
 * The whole environment of the daemon and the relay. Inherited variables defeat the confinement
 * (`NODE_OPTIONS` loads code, `SSLKEYLOGFILE` writes TLS secrets, `DENO_SERVE_ADDRESS` moves the port,
 * `DENO_PERMISSION_BROKER_PATH` replaces the flags), so only what finds the module cache is passed.
 */
export function confinedEnvironment(
  read: (name: string) => string | undefined,
): Record<string, string> {
  const environment: Record<string, string> = {
    DENO_DIR: denoDir(read),
    DENO_NO_UPDATE_CHECK: "1",
    NO_COLOR: "1",
  };
  // HOME for ~/.npmrc and the next two: the cache is laid out by registry, and nothing is fetched.
  const passed = ["HOME", "NPM_CONFIG_REGISTRY", "JSR_URL"];
  // Without SystemRoot no process starts there. [not run]
  if (Deno.build.os === "windows") passed.push("SystemRoot", "USERPROFILE");
  for (const name of passed) {
    const value = read(name);
    if (value !== undefined && value !== "") environment[name] = value;
  }
  return environment;
}

/** The module cache of the runtime that is running now, by Deno's own rules. */
function denoDir(read: (name: string) => string | undefined): string {
  const given = read("DENO_DIR");
  if (given) return given;
  const home = read("HOME") ?? "";
  if (Deno.build.os === "windows") return `${read("LOCALAPPDATA") ?? ""}\\deno`;
  if (Deno.build.os === "darwin") return `${home}/Library/Caches/deno`;
  const cache = read("XDG_CACHE_HOME");
  return cache ? `${cache}/deno` : `${home}/.cache/deno`;
}
