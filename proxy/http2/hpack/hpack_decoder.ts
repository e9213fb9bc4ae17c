/**
 * Reads header blocks of HTTP/2 (HPACK, RFC 7541).
 *
 * Not kept: whether a field was marked as never to be indexed, as what we send on is always marked
 * so (`encode_fields.ts`).
 *
 * @module
 */
import { BlockReader } from "./block_reader.ts";
import { CompressionError } from "./compression_error.ts";
import { DynamicTable } from "./dynamic_table.ts";
import { fieldBytes, type FieldLine } from "./field_line.ts";
import { STATIC_TABLE } from "./static_table.ts";

export { CompressionError } from "./compression_error.ts";

/** What a header block said. */
export interface DecodedFields {
  /** The fields in their order, names as the peer wrote them. */
  readonly fields: readonly FieldLine[];
  /**
   * The list was longer than allowed (name, value and 32 for each field, RFC 9113 section 6.5.2);
   * `fields` is then empty, and later blocks are read correctly all the same.
   */
  readonly isTooLarge: boolean;
}

/** What a decoder allows. */
export interface HpackDecoderOptions {
  /** SETTINGS_MAX_HEADER_LIST_SIZE. */
  readonly maxListBytes: number;
  /**
   * SETTINGS_HEADER_TABLE_SIZE as the peer knows it, 4096 unless it was told another. The table
   * begins with 4096 at most, and grows when the peer says so.
   */
  readonly maxTableBytes?: number;
}

const INITIAL_TABLE_BYTES = 4096;

/** One direction of a connection: each block builds on the ones before it. */
export class HpackDecoder {
  readonly #maxListBytes: number;
  readonly #maxTableBytes: number;
  readonly #table: DynamicTable;
  #isBroken = false;

  /** A decoder for a connection that has just begun. */
  constructor({ maxListBytes, maxTableBytes = INITIAL_TABLE_BYTES }: HpackDecoderOptions) {
    this.#maxListBytes = maxListBytes;
    this.#maxTableBytes = maxTableBytes;
    this.#table = new DynamicTable(Math.min(maxTableBytes, INITIAL_TABLE_BYTES));
  }

  /**
   * Reads a whole block: the fragments of HEADERS or PUSH_PROMISE and its CONTINUATION frames.
   *
   * @throws {CompressionError} when it is wrong in any way, and for every block after that one
   */
  decode(block: Uint8Array): DecodedFields {
    if (this.#isBroken) throw new CompressionError("the one before it was wrong");
    // Until the block has been read to its end, the table is not what the peer thinks it is.
    this.#isBroken = true;
    const decoded = this.#read(new BlockReader(block));
    this.#isBroken = false;
    return decoded;
  }

  #read(reader: BlockReader): DecodedFields {
    const fields: FieldLine[] = [];
    /** Below zero once a field was too much; then nothing is collected any more. */
    let room = this.#maxListBytes;
    let isFirst = true;
    while (!reader.isAtEnd) {
      const byte = reader.peek();
      if ((byte & 0xe0) === 0x20) {
        if (!isFirst) throw new CompressionError("the table changes its size behind a field");
        this.#resize(reader.readInteger(5));
        continue;
      }
      isFirst = false;
      const read = byte >= 0x80
        ? this.#lookUp(reader.readInteger(7))
        : this.#readLiteral(reader, byte, room);
      room = room < 0 ? room : room - (typeof read === "number" ? read : bytesOf(read));
      if (room >= 0 && typeof read === "object") fields.push(read);
    }
    return room < 0 ? { fields: [], isTooLarge: true } : { fields, isTooLarge: false };
  }

  /** The field; its size in bytes when it is larger than `room` and was not kept. */
  #readLiteral(reader: BlockReader, byte: number, room: number): FieldLine | number {
    const isIndexed = byte >= 0x40;
    const maxBytes = isIndexed ? Math.max(room, this.#table.maxBytes) : room;
    const index = reader.readInteger(isIndexed ? 6 : 4);
    const name = index === 0 ? reader.readString(maxBytes) : this.#lookUp(index)[0];
    const value = reader.readString(maxBytes);
    if (typeof name === "string" && typeof value === "string") {
      const line: FieldLine = [name, value];
      if (isIndexed) this.#table.add(line);
      return line;
    }
    // Larger than the table: that empties it and is no error (section 4.4).
    if (isIndexed) this.#table.clear();
    return fieldBytes(lengthOf(name), lengthOf(value));
  }

  /** The field with a number of section 2.3.3. */
  #lookUp(index: number): FieldLine {
    const line = index <= STATIC_TABLE.length
      ? STATIC_TABLE[index - 1]
      : this.#table.at(index - STATIC_TABLE.length - 1);
    if (line === undefined) throw new CompressionError(`there is no field ${index}`);
    return line;
  }

  #resize(bytes: number): void {
    if (bytes > this.#maxTableBytes) throw new CompressionError("its table is larger than allowed");
    this.#table.resize(bytes);
  }
}

function bytesOf([name, value]: FieldLine): number {
  return fieldBytes(name.length, value.length);
}

function lengthOf(text: string | number): number {
  return typeof text === "number" ? text : text.length;
}
