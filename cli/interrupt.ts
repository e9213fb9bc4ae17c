/**
 * Ctrl-C while something is waited for.
 *
 * @module
 */
import { InputCancelledError } from "../core/errors.ts";

/** Signals that ask a process to end. */
export const SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT"]
  : ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * Runs `work` with a signal that aborts, with an `InputCancelledError`, when the person presses Ctrl-C or
 * the process is asked to end.
 */
export async function untilInterrupted<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const interrupt = () => controller.abort(new InputCancelledError("Cannot go on: you cancelled"));
  for (const signal of SIGNALS) Deno.addSignalListener(signal, interrupt);
  try {
    return await work(controller.signal);
  } finally {
    for (const signal of SIGNALS) Deno.removeSignalListener(signal, interrupt);
  }
}
