/**
 * The memory of used proofs: once each, across restarts, within bounds.
 *
 * @module
 */
import { equal, throws } from "node:assert/strict";
import { InvalidProofError, StoreUnavailableError } from "../../core/errors.ts";
import type { Proof } from "../../core/proof.ts";
import { ReplayMemory } from "../../daemon/replay_memory.ts";

const START = new Date("2026-03-01T12:00:00Z");

Deno.test("useOnce() takes a proof once", () => {
  const memory = open();

  memory.useOnce(proof("one"));

  throws(() => memory.useOnce(proof("one")), InvalidProofError);
  memory.useOnce(proof("two"));
});

Deno.test("useOnce() tells keys apart that chose the same jti", () => {
  const memory = open();

  memory.useOnce(proof("one"));
  memory.useOnce({ ...proof("one"), did: "did:key:zOther" });

  equal(memory.size, 2);
});

Deno.test("useOnce() refuses a jti again under another expiry", () => {
  const memory = open();
  memory.useOnce(proof("one", 90));

  throws(() => memory.useOnce(proof("one", 300)), InvalidProofError);
});

Deno.test("a proof that was used is refused after the process was killed", async () => {
  await using home = await tempFile();
  const killed = open({ path: home.path });
  killed.useOnce(proof("one"));
  // No close: the process is gone, the kernel has what it wrote.

  const restarted = open({ path: home.path });

  throws(() => restarted.useOnce(proof("one")), InvalidProofError);
  restarted.useOnce(proof("two"));
  killed.close();
  restarted.close();
});

Deno.test("a record that was cut in half is taken off, the ones before it stay", async () => {
  await using home = await tempFile();
  const before = open({ path: home.path });
  before.useOnce(proof("one"));
  before.close();
  await Deno.writeFile(home.path, new Uint8Array(5), { append: true });

  const after = open({ path: home.path });

  equal(after.size, 1);
  throws(() => after.useOnce(proof("one")), InvalidProofError);
  after.close();
});

Deno.test("a proof is forgotten once it has expired, and its file does not grow for ever", async () => {
  await using home = await tempFile();
  const clock = { now: START };
  const memory = open({ path: home.path, now: () => clock.now });
  for (let minute = 0; minute < 30; minute++) {
    clock.now = new Date(START.getTime() + minute * 60_000);
    for (let n = 0; n < 3000; n++) memory.useOnce(proof(`${minute} ${n}`, 90, clock.now));
  }

  equal(memory.size <= 9000, true, `${memory.size} remembered`);
  const { size } = await Deno.stat(home.path);
  equal(size < 600_000, true, `${size} bytes`);
  memory.close();
});

Deno.test("useOnce() refuses when there is no room rather than forget", () => {
  const memory = open({ capacity: 10 });
  const signed = (n: number) => ({ ...proof(`number ${n}`), did: `did:key:z${n}` });
  for (let n = 0; n < 10; n++) memory.useOnce(signed(n));

  throws(() => memory.useOnce(signed(10)), StoreUnavailableError);
  throws(() => memory.useOnce(signed(3)), InvalidProofError);
});

Deno.test("useOnce() lets a key hold as much as is free, and gives it back in time", () => {
  const clock = { now: START };
  const memory = open({ capacity: 100, now: () => clock.now });
  const fill = (did: string): number => {
    for (let taken = 0;; taken++) {
      try {
        memory.useOnce({ ...proof(`${did} ${clock.now} ${taken}`, 90, clock.now), did });
      } catch (error) {
        equal(error instanceof StoreUnavailableError, true);
        return taken;
      }
    }
  };

  equal(fill("did:key:zGreedy"), 50);
  equal(fill("did:key:zAlso"), 25);
  memory.useOnce(proof("of somebody else"));
  clock.now = new Date(START.getTime() + 4 * 60_000);
  equal(fill("did:key:zGreedy"), 50);
});

Deno.test("the file of used proofs is its owner's alone", async () => {
  await using home = await tempFile();

  open({ path: home.path }).close();

  equal((await Deno.stat(home.path)).mode! & 0o777, 0o600);
});

function open(
  options: { path?: string; now?: () => Date; capacity?: number } = {},
): ReplayMemory {
  return ReplayMemory.open({ path: null, now: () => START, ...options });
}

function proof(jti: string, seconds = 90, from = START): Proof {
  return {
    did: "did:key:zTest",
    subject: "calm-quietly-softly-0001",
    jti,
    expires_at: new Date(from.getTime() + seconds * 1000),
  };
}

async function tempFile(): Promise<{ path: string } & AsyncDisposable> {
  const dir = await Deno.makeTempDir();
  return {
    path: `${dir}/replay.log`,
    [Symbol.asyncDispose]: () => Deno.remove(dir, { recursive: true }),
  };
}
