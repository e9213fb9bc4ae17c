/**
 * What a header block that cannot be read throws.
 *
 * @module
 */

/**
 * A header block was wrong. Nothing behind it on the connection can be understood, so that the
 * connection ends with COMPRESSION_ERROR (RFC 9113 section 4.3).
 */
export class CompressionError extends Error {
  /** `problem` completes the sentence "Cannot read a header block: …". */
  constructor(problem: string) {
    super(`Cannot read a header block: ${problem}`);
    this.name = "CompressionError";
  }
}
