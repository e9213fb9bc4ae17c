/**
 * What the tools of this checkout (tests, gate, benchmarks) say while they work. Not the product's
 * voice: that is `cli/voice.ts`.
 *
 * @module
 */

const encoder = new TextEncoder();

/** Writes one line to standard output. */
export function say(line: string): void {
  Deno.stdout.writeSync(encoder.encode(`${line}\n`));
}

/** Milliseconds as people read them: `840 ms`, `12.3 s`. */
export function showDuration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
