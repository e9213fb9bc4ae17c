/**
 * Connects to whichever address of a server answers first (RFC 8305, "Happy Eyeballs").
 *
 * `Deno.connect` does so by itself when it is given a name, but then the address is only known once
 * it is connected to. Here the addresses were judged before, each of them.
 *
 * @module
 */
import { isThisMachine } from "./address_policy.ts";

/** How to race. */
export interface RaceOptions {
  /** Ends all attempts. */
  readonly signal: AbortSignal;
  /** Head start of an address before the next one is tried; RFC 8305 section 5 recommends 250 ms. */
  readonly delayMs?: number | undefined;
}

const DELAY_MS = 250;

/**
 * The first connection that comes about; the others are closed. On this machine, where nothing is slow,
 * it is no race.
 *
 * @throws what the first attempt to fail threw, when all of them did.
 */
export async function connectFirst<T extends { close(): void }>(
  addresses: readonly string[],
  connect: (address: string, signal: AbortSignal) => Promise<T>,
  { signal, delayMs = DELAY_MS }: RaceOptions,
): Promise<T> {
  if (addresses.some(isThisMachine)) return await connectInTurn(addresses, connect, signal);
  const ordered = interleaved(addresses);
  if (ordered.length === 1) return await connect(ordered[0]!, signal);
  const losers = new AbortController();
  const stop = AbortSignal.any([signal, losers.signal]);
  const failures: unknown[] = [];
  const { promise, resolve } = Promise.withResolvers<T | null>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isDecided = false;
  let next = 0;
  const won = (connection: T) => {
    if (isDecided) return connection.close();
    isDecided = true;
    resolve(connection);
  };
  const lost = (error: unknown) => {
    failures.push(error);
    if (failures.length === ordered.length || signal.aborted) resolve(null);
    // RFC 8305 section 5: a failure does not wait for the timer.
    else startNext();
  };
  const startNext = () => {
    clearTimeout(timer);
    const address = ordered[next++];
    if (address === undefined || isDecided) return;
    timer = setTimeout(startNext, delayMs);
    connect(address, stop).then(won, lost);
  };
  try {
    startNext();
    const winner = await promise;
    if (winner !== null) return winner;
    throw failures[0];
  } finally {
    clearTimeout(timer);
    isDecided = true;
    losers.abort();
  }
}

/**
 * On this machine the child may listen at the port of a service, at an address which that does not use.
 * So 127.0.0.1, which most of them use, comes first, and another one where nobody listens there: who is
 * busy, or cannot be connected to for want of ports, is there.
 */
async function connectInTurn<T>(
  addresses: readonly string[],
  connect: (address: string, signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  let first: unknown;
  for (const address of addresses.toSorted((a, b) => Number(isSix(a)) - Number(isSix(b)))) {
    try {
      return await connect(address, signal);
    } catch (error) {
      first ??= error;
      if (!(error instanceof Deno.errors.ConnectionRefused)) break;
    }
  }
  throw first;
}

function isSix(address: string): boolean {
  return address.includes(":");
}

/** RFC 8305 section 4: families take turns, beginning with that of the first address. */
function interleaved(addresses: readonly string[]): string[] {
  const unique = [...new Set(addresses)];
  const first = unique.filter((address) => isSix(address) === isSix(unique[0]!));
  const second = unique.filter((address) => isSix(address) !== isSix(unique[0]!));
  const turns = Math.max(first.length, second.length);
  return Array.from({ length: turns }, (_, turn) => [first[turn], second[turn]]).flat()
    .filter((address) => address !== undefined);
}
