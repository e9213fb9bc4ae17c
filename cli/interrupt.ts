/**
 * Ctrl-C while something is waited for.
 *
 * @module
 */
import { InputCancelledError } from "../core/errors.ts";

/** Signals that ask a process to end. */
export const SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT"]
  : ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"];

/**
 * Runs `work` with a signal that aborts, with an `InputCancelledError`, when the person presses Ctrl-C
 * or the process is asked to end.
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

/** What `work` gives, unless `signal` aborts first; `work` itself cannot be stopped. */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort);
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
