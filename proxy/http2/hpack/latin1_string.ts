/**
 * Strings of bytes, one character for each.
 *
 * @module
 */
import { latin1Text } from "../../http1/latin1.ts";

/** Below it, the call out of JavaScript costs more than it saves. */
const SHORT_BYTES = 32;

/** `bytes[start..end)` as Latin-1. */
export function latin1String(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > SHORT_BYTES) return latin1Text(bytes.subarray(start, end));
  let text = "";
  let at = start;
  for (; at + 8 <= end; at += 8) {
    text += String.fromCharCode(
      bytes[at]!,
      bytes[at + 1]!,
      bytes[at + 2]!,
      bytes[at + 3]!,
      bytes[at + 4]!,
      bytes[at + 5]!,
      bytes[at + 6]!,
      bytes[at + 7]!,
    );
  }
  for (; at < end; at++) text += String.fromCharCode(bytes[at]!);
  return text;
}
