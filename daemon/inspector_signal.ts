/**
 * SIGUSR1 makes Deno open its inspector on 127.0.0.1:9229, whatever the permission flags say, and
 * whoever connects there evaluates code in this process. A listener that ends the process is what
 * stops it: one that does nothing does not.
 *
 * @module
 */

/** Exit code of a process that was asked to open its inspector. */
export const INSPECTOR_EXIT_CODE = 99;

/** From now on SIGUSR1 ends the process. The first thing `main.ts` and `relay_main.ts` do. */
export function closeOnInspectorSignal(): void {
  if (Deno.build.os === "windows") return;
  Deno.addSignalListener("SIGUSR1", () => Deno.exit(INSPECTOR_EXIT_CODE));
}
