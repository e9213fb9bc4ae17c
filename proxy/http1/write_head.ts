/**
 * Puts a message head together again: start line, the lines that go on, what the proxy adds.
 *
 * @module
 */
import type { HeaderLines } from "../hop_by_hop.ts";
import { latin1Bytes } from "./byte_reader.ts";

/** The bytes of a head; `added` are whole lines without line ends. */
export function writeHead(
  startLine: string,
  headers: HeaderLines,
  ...added: readonly string[]
): Uint8Array {
  let text = startLine + "\r\n";
  for (const line of headers.lines) text += line + "\r\n";
  for (const line of added) text += line + "\r\n";
  return latin1Bytes(text + "\r\n");
}
