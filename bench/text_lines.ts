/**
 * Bytes of a program's output as lines of text.
 *
 * @module
 */

/** Splits at line ends; what follows the last one is a line, too. */
export class TextLineStream extends TransformStream<Uint8Array, string> {
  /** See the class. */
  constructor() {
    const decoder = new TextDecoder();
    let rest = "";
    super({
      transform(chunk, controller) {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
        rest = lines.pop()!;
        for (const line of lines) controller.enqueue(line);
      },
      flush(controller) {
        if (rest !== "") controller.enqueue(rest);
      },
    });
  }
}
