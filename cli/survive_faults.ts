/**
 * Keeps a run alive through an error that nobody caught: without its proxy the child would stand
 * there with placeholders, days into its work. Whatever the error left undone fails closed by itself,
 * because each request is decided about anew.
 *
 * @module
 */
import { describeFault } from "../proxy/fault_teller.ts";

/** Different errors; who has so many of them has been told enough. */
const MAX_TOLD = 20;

/** Until it is disposed of; `note` is told each error once, by its kind and place. */
export function surviveFaults(note: (line: string) => void): Disposable {
  const told = new Set<string>();
  const survive = (event: Event, error: unknown) => {
    event.preventDefault();
    const line = `${describeFault(error)}; the run goes on, please report this line`;
    if (told.has(line) || told.size >= MAX_TOLD) return;
    told.add(line);
    note(line);
  };
  const onError = (event: ErrorEvent) => survive(event, event.error);
  const onRejection = (event: PromiseRejectionEvent) => survive(event, event.reason);
  addEventListener("error", onError);
  addEventListener("unhandledrejection", onRejection);
  return {
    [Symbol.dispose]: () => {
      removeEventListener("error", onError);
      removeEventListener("unhandledrejection", onRejection);
    },
  };
}
