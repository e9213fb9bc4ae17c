/**
 * The fields that a peer has told us to remember (RFC 7541 sections 2.3.2 and 4).
 *
 * @module
 */
import { fieldBytes, type FieldLine } from "./field_line.ts";

/** The newest fields first, as many as have room. */
export class DynamicTable {
  /** Oldest first. */
  readonly #lines: FieldLine[] = [];
  #bytes = 0;
  #maxBytes: number;

  /** An empty table with room for `maxBytes`, as {@linkcode fieldBytes} counts. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Room in bytes. */
  get maxBytes(): number {
    return this.#maxBytes;
  }

  /** The field that came `age` fields before the newest. */
  at(age: number): FieldLine | undefined {
    return this.#lines[this.#lines.length - 1 - age];
  }

  /** Makes room and remembers the field; one that is larger than the table only empties it. */
  add(line: FieldLine): void {
    const bytes = fieldBytes(line[0].length, line[1].length);
    this.#shrinkTo(this.#maxBytes - bytes);
    if (bytes > this.#maxBytes) return;
    this.#lines.push(line);
    this.#bytes += bytes;
  }

  /** Forgets everything. */
  clear(): void {
    this.#shrinkTo(0);
  }

  /** Changes the room and forgets what no longer has any. */
  resize(maxBytes: number): void {
    this.#maxBytes = maxBytes;
    this.#shrinkTo(maxBytes);
  }

  #shrinkTo(bytes: number): void {
    while (this.#bytes > bytes && this.#lines.length > 0) {
      const [name, value] = this.#lines.shift()!;
      this.#bytes -= fieldBytes(name.length, value.length);
    }
  }
}
