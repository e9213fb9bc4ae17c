/**
 * Runs many command lines in one process: a table of a thousand lines would otherwise be a thousand
 * starts. Reads a JSON array of lines from standard input; around what each line writes it puts a line
 * that no command writes, with the line's number in front and its exit code behind.
 *
 * @module
 */
import { main } from "../../cli/main.ts";

/** Stands around what a line wrote (ASCII record separator). */
export const MARK = "\x1e";

if (import.meta.main) {
  const write = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(text));
  const lines: string[][] = await new Response(Deno.stdin.readable).json();
  for (const [number, line] of lines.entries()) {
    write(`${MARK}${number}\n`);
    write(`${MARK}${await main(line)}\n`);
  }
  Deno.exit(0);
}
