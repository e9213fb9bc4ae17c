/**
 * How long the proxy waits for a client that says nothing. Tests wait for less.
 *
 * @module
 */
import { STALLED_MS } from "./stall_watch.ts";

/** All in milliseconds. */
export interface Timing {
  /** For the head of the first request on a connection. */
  readonly headMs: number;
  /** For a ClientHello inside an answered CONNECT. */
  readonly helloMs: number;
  /** For the rest of a TLS handshake. */
  readonly handshakeMs: number;
  /** For the preface of HTTP/2. */
  readonly prefaceMs: number;
  /** So long without a turn of the event loop is a standstill. */
  readonly stalledMs: number;
}

/** What is used unless a test says otherwise. */
export const TIMING: Timing = {
  headMs: 30_000,
  helloMs: 10_000,
  handshakeMs: 10_000,
  prefaceMs: 10_000,
  stalledMs: STALLED_MS,
};
