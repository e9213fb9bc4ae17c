/**
 * The one line of JSON on standard input that a process of ours starts from (`core/boot.ts`).
 *
 * @module
 */

/** A boot line holds keys and extra roots (a whole bundle of them, at times), nothing larger. */
const MAX_BOOT_BYTES = 4 << 20;

/** Standard input, or what stands for it. */
export interface BootInput {
  read(buffer: Uint8Array): Promise<number | null>;
}

/**
 * The first line of standard input, parsed. Read without a stream: the first one of a process takes
 * seven milliseconds to get ready, and the daemon's start waits for this line.
 *
 * @throws {TypeError} when standard input ends first or holds something else: whoever started the
 * process was not `client/launch.ts`. The message repeats nothing of what was read.
 */
export async function readBootLine<Boot>(input: BootInput = Deno.stdin): Promise<Boot> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(65_536);
  let text = "";
  while (!text.includes("\n") && text.length <= MAX_BOOT_BYTES) {
    const count = await input.read(buffer);
    if (count === null) break;
    text += decoder.decode(buffer.subarray(0, count), { stream: true });
  }
  const end = text.indexOf("\n");
  try {
    if (end >= 0) return JSON.parse(text.slice(0, end)) as Boot;
  } catch {
    // Falls through: the parser's message would quote the line.
  }
  throw new TypeError("Cannot start: standard input holds no boot line");
}
