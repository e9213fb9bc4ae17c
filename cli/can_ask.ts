/**
 * Whether there is somebody at the terminal, known without loading what asks them.
 *
 * @module
 */

/** Whether there is somebody to ask. */
export function canAsk(): boolean {
  return Deno.stdin.isTerminal() && Deno.stderr.isTerminal();
}
