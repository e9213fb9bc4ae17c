/**
 * Random header blocks: what a capable encoder says is read as it was said, and nothing else ever
 * comes of other bytes than a refusal. The seeds are fixed; `FUZZ_ROUNDS` asks for more.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { CompressionError, HpackDecoder } from "../../../../proxy/http2/hpack/hpack_decoder.ts";
import type { FieldLine } from "../../../../proxy/http2/hpack/field_line.ts";
import { ChanceEncoder, chanceFields } from "../../../support/hpack_encoder.ts";
import { type Random, randomOf } from "../../../support/seeded_random.ts";

const ROUNDS = Number(Deno.env.get("FUZZ_ROUNDS") ?? 4000);
/** Blocks of one connection. */
const BLOCKS = 20;

function listBytes(fields: readonly FieldLine[]): number {
  return fields.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
}

Deno.test("fuzz: whatever way an encoder takes, the decoder reads what it said", () => {
  const random = randomOf(21);
  for (let round = 0; round < ROUNDS / 10; round += BLOCKS) {
    const encoder = new ChanceEncoder(random);
    const decoder = new HpackDecoder({ maxListBytes: 1e6 });
    for (let block = 0; block < BLOCKS; block++) {
      const fields = chanceFields(random);
      deepEqual(decoder.decode(encoder.encode(fields)), { fields, isTooLarge: false });
    }
  }
});

Deno.test("fuzz: lists that are too long change nothing for the ones that are not", () => {
  const random = randomOf(22);
  const seen = { whole: 0, tooLarge: 0 };
  for (let round = 0; round < ROUNDS / 10; round += BLOCKS) {
    const maxListBytes = random(700);
    const encoder = new ChanceEncoder(random);
    const decoder = new HpackDecoder({ maxListBytes });
    for (let block = 0; block < BLOCKS; block++) {
      const fields = chanceFields(random);
      const isTooLarge = listBytes(fields) > maxListBytes;
      seen[isTooLarge ? "tooLarge" : "whole"]++;
      deepEqual(decoder.decode(encoder.encode(fields)), {
        fields: isTooLarge ? [] : fields,
        isTooLarge,
      });
    }
  }
  ok(seen.whole > 10 && seen.tooLarge > 10);
});

/** Whether it was read; a refusal is fine, anything else thrown is a fault of ours. */
function isRead(decoder: HpackDecoder, block: Uint8Array, maxListBytes: number): boolean {
  try {
    const { fields, isTooLarge } = decoder.decode(block);
    ok(listBytes(fields) <= maxListBytes);
    equal(isTooLarge && fields.length > 0, false);
    return true;
  } catch (error) {
    if (error instanceof CompressionError) return false;
    throw error;
  }
}

function mutate(block: Uint8Array, random: Random): Uint8Array {
  const bytes = [...block];
  for (let changes = random(4) + 1; changes > 0; changes--) {
    const added = Array.from({ length: random(3) }, () => random(3) === 0 ? 0xff : random(256));
    bytes.splice(random(bytes.length + 1), random(3), ...added);
  }
  return Uint8Array.from(bytes);
}

Deno.test("fuzz: a changed block is read or refused, and never anything else", () => {
  const random = randomOf(23);
  let readCount = 0;
  for (let round = 0; round < ROUNDS; round += 10) {
    const encoder = new ChanceEncoder(random);
    const blocks = Array.from({ length: random(3) }, () => encoder.encode(chanceFields(random)));
    const last = encoder.encode(chanceFields(random));
    for (let changed = 0; changed < 10; changed++) {
      const maxListBytes = random(5000);
      const decoder = new HpackDecoder({ maxListBytes });
      for (const block of blocks) ok(isRead(decoder, block, maxListBytes));
      if (isRead(decoder, mutate(last, random), maxListBytes)) readCount++;
    }
  }
  ok(readCount > ROUNDS / 10);
});

Deno.test("fuzz: bytes by chance are read or refused, and never anything else", () => {
  const random = randomOf(24);
  for (let round = 0; round < ROUNDS; round++) {
    const decoder = new HpackDecoder({ maxListBytes: random(5000), maxTableBytes: random(6000) });
    while (isRead(decoder, Uint8Array.from({ length: random(60) }, () => random(256)), 5000));
  }
});
