/**
 * Puts a message head together again: start line, the lines that go on, what the proxy adds.
 *
 * @module
 */
import type { HeaderLines } from "../hop_by_hop.ts";

/** Number of bytes of the head that {@linkcode writeHead} would write without `added`. */
export function headLength(startLine: string, { lines }: HeaderLines): number {
  let length = startLine.length + 4;
  for (const line of lines) length += line.length + 2;
  return length;
}

/** The head, one character for each byte; `added` are whole lines without line ends. */
export function writeHead(
  startLine: string,
  headers: HeaderLines,
  added: readonly string[] = [],
): string {
  return [startLine, ...headers.lines, ...added, "\r\n"].join("\r\n");
}
