/**
 * How long the proxy waits for what, where a test cannot.
 *
 * @module
 */

/** All in milliseconds. */
export interface Timing {
  /** So long without a turn of the event loop is a standstill. */
  readonly stalledMs: number;
}
