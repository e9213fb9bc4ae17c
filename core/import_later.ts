/**
 * Modules that are loaded when they are needed, and not looked at before.
 *
 * When a module is loaded, Deno reads and parses everything that a literal `import("…")` in it could
 * lead to, whether it is ever called or not: a command would wait for all other commands. An address
 * that is computed hides what is behind it. Its type names the file all the same, so that the code is
 * checked and `deno install` fetches it:
 *
 * ```ts
 * const { helpText } = await importLater<typeof import("./help.ts")>("cli/help.ts");
 * ```
 *
 * A test holds the two names to each other. Not for the daemon: its flags forbid to load what the
 * runtime has not seen beforehand.
 *
 * @module
 */

/** This file in a checkout and as JSR serves it, for Deno and for Node.js; elsewhere a bundle. */
const OWN_PLACE = /core\/import_later\.([jt]s)$/;

/** Address of a module of this package, given by its path from the root: `cli/help.ts`. */
export function packageModule(path: string, here: string = import.meta.url): string {
  const extension = OWN_PLACE.exec(here)?.[1];
  const root = extension === undefined ? "./" : "../";
  return new URL(root + path.replace(/\.ts$/, `.${extension ?? "js"}`), here).href;
}

/** Loads the module at `path`, from the root of the package. */
export function importLater<Module>(path: string): Promise<Module> {
  return import(packageModule(path));
}
