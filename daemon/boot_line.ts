/**
 * The one line of JSON on standard input that a process of ours starts from (`core/boot.ts`).
 *
 * @module
 */

/** A boot line holds keys and extra roots (a whole bundle of them, at times), nothing larger. */
const MAX_BOOT_BYTES = 4 << 20;

/**
 * The first line of standard input, parsed.
 *
 * @throws {TypeError} when standard input ends first or holds something else: whoever started the
 * process was not `client/launch.ts`. The message repeats nothing of what was read.
 */
export async function readBootLine<Boot>(
  input: ReadableStream<Uint8Array> = Deno.stdin.readable,
): Promise<Boot> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of input) {
    text += decoder.decode(chunk, { stream: true });
    if (text.includes("\n") || text.length > MAX_BOOT_BYTES) break;
  }
  const end = text.indexOf("\n");
  try {
    if (end >= 0) return JSON.parse(text.slice(0, end)) as Boot;
  } catch {
    // Falls through: the parser's message would quote the line.
  }
  throw new TypeError("Cannot start: standard input holds no boot line");
}
