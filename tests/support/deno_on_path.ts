/**
 * A search path on which `deno` is the Deno that runs now.
 *
 * `npx -y deno@2.9.6 task test` runs a Deno that lies in npm's cache; a child that is started as
 * `deno task agent` has to find that one.
 *
 * @module
 */
import { delimiter, dirname } from "node:path";

/**
 * `path` (the value of `PATH`), with the directory of the running Deno in front unless the `deno`
 * found on it is the same file already.
 */
export function pathWithDeno(path: string): string {
  const own = Deno.execPath();
  const found = findProgram("deno", path);
  if (found !== null && Deno.realPathSync(found) === Deno.realPathSync(own)) return path;
  return `${dirname(own)}${delimiter}${path}`;
}

/** The first file called `name` on `path`, or null. */
export function findProgram(name: string, path: string): string | null {
  const file = Deno.build.os === "windows" ? `${name}.exe` : name;
  for (const directory of path.split(delimiter)) {
    if (directory === "") continue;
    try {
      if (Deno.statSync(`${directory}/${file}`).isFile) return `${directory}/${file}`;
    } catch { /* not here */ }
  }
  return null;
}
