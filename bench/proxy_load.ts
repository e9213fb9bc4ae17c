/**
 * One measurement of `deno task bench_proxy`: the client of `bench/go` against one contestant.
 *
 * @module
 */
import type { Contestant } from "./proxy_stage.ts";
import { processorSeconds } from "./resident_memory.ts";

/** What one measurement gives. */
export interface LoadResult {
  /** Requests, or connections, that were counted. */
  readonly count: number;
  /** Milliseconds. */
  readonly p50: number;
  /** Milliseconds. */
  readonly p99: number;
  /** Requests a second; left out for new connections. */
  readonly rate?: number;
  /** Megabytes a second of bodies. */
  readonly megabytes?: number;
  /** Processor time of the proxy for a request, in microseconds; left out where it is not known. */
  readonly processor?: number;
}

/**
 * Runs it to its end.
 *
 * @throws {Error} when a single request failed, or had no credential or a wrong one.
 */
export async function runLoad(
  program: string,
  contestant: Contestant,
  args: readonly string[],
): Promise<LoadResult> {
  const before = processorSeconds(contestant.pid);
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args: ["load", ...contestant.loadArgs, ...args],
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  if (!success) {
    throw new Error(`${contestant.name}, ${args.join(" ")}: ${text.decode(stderr)}`);
  }
  const { asked, ...result } = JSON.parse(text.decode(stdout));
  const spent = processorSeconds(contestant.pid) - before;
  return Number.isNaN(spent) ? result : { ...result, processor: spent / asked * 1e6 };
}

/** Holds `count` connections open while `look` looks; each is used before and after. */
export async function holdConnections<T>(
  program: string,
  contestant: Contestant,
  args: readonly string[],
  look: () => T | Promise<T>,
): Promise<T> {
  const child = new Deno.Command(program, {
    args: ["load", ...contestant.loadArgs, "-mode=hold", ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await reader.read();
  if (!value.startsWith("open")) throw new Error(`${contestant.name}: connections were refused`);
  const seen = await look();
  await child.stdin.close();
  const { success } = await child.status;
  await reader.cancel();
  if (!success) throw new Error(`${contestant.name}: a connection was lost`);
  return seen;
}
