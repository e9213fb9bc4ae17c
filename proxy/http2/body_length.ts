/**
 * Whether a body is as long as its head said: one that is not makes the message malformed (RFC 9113
 * section 8.1.1), and a server that believed the head would read another message than we did.
 *
 * @module
 */
import type { FieldLine } from "./hpack/field_line.ts";

const LENGTH = /^\d{1,15}$/;

/** The length of one body. */
export class BodyLength {
  /** null: not said. */
  #left: number | null = null;

  /** Reads what the head says; false when that is no length. */
  expect(fields: readonly FieldLine[]): boolean {
    for (const [name, value] of fields) {
      if (name !== "content-length") continue;
      const length = LENGTH.test(value) ? Number(value) : null;
      if (length === null || this.#left !== null && this.#left !== length) return false;
      this.#left = length;
    }
    return true;
  }

  /** Bytes came; false: more than were said. */
  take(bytes: number): boolean {
    if (this.#left === null) return true;
    this.#left -= bytes;
    return this.#left >= 0;
  }

  /** All of it came. */
  get isWhole(): boolean {
    return this.#left === null || this.#left === 0;
  }

  /** There is no body, whatever the length in the head is that of (RFC 9110 section 6.4.1). */
  expectNone(): void {
    this.#left = 0;
  }
}
