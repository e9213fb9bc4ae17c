/**
 * HTTP/1.1 messages by chance, and how we read their bodies: for tests that hold our reading against
 * that of others.
 *
 * @module
 */
import type { Duplex } from "../../proxy/duplex.ts";
import { ByteReader } from "../../proxy/http1/byte_reader.ts";
import { copyBody } from "../../proxy/http1/copy_body.ts";
import type { Framing } from "../../proxy/http1/framing.ts";
import { pick, type Random } from "./seeded_random.ts";

/** One to three places of it changed: something cut out, one of `pieces` put in, or both. */
export function mutatedText(text: string, pieces: readonly string[], random: Random): string {
  for (let changes = random(3) + 1; changes > 0; changes--) {
    const at = random(text.length + 1);
    text = text.slice(0, at) + (random(3) > 0 ? pick(pieces, random) : "") +
      text.slice(at + random(3));
  }
  return text;
}

/** A connection whose other side has said everything, and takes whatever is written. */
const NOWHERE: Duplex = {
  read: () => Promise.resolve(null),
  write: (bytes) => Promise.resolve(bytes.length),
  closeWrite: () => Promise.resolve(),
  close: () => {},
};

/** Reads `text`, a byte for each of its characters, and then the end. */
export function readerOf(text: string): ByteReader {
  return new ByteReader(NOWHERE, Uint8Array.from(text, (letter) => letter.charCodeAt(0)));
}

/** The payload behind a head, as the proxy reads it. Throws what `copyBody` throws. */
export async function readPayload(
  reader: ByteReader,
  framing: Framing,
  side: "request" | "response",
): Promise<string> {
  let body = "";
  await copyBody(reader, NOWHERE, framing, {
    side,
    head: "",
    watch: (piece, isBeside) => {
      if (isBeside !== true) body += String.fromCharCode(...piece);
    },
  });
  return body;
}
