/**
 * What is set for every Deno program that `deno task bench_proxy` measures, ours or not.
 *
 * Half a second behind its start Deno asks whether there is a newer version of it. Usually that is once
 * a day; a machine that gets no answer asks in every process, and each holds a megabyte more from then
 * on. So that the figures do not depend on whether the machine has a way out, none asks.
 *
 * @module
 */

/** Variables on top of a program's own. */
export const RUNTIME_ENVIRONMENT: Readonly<Record<string, string>> = { DENO_NO_UPDATE_CHECK: "1" };
