/**
 * Signs certificates before they are asked for: those of the hosts and the wildcards that the run's
 * routes name. A signature takes half a millisecond, and the first connection to a host would wait for
 * it. One at a time, in pauses: a connection that comes meanwhile goes first.
 *
 * Hosts that only another pattern covers, or a wildcard by two labels, are signed for when they are
 * known.
 *
 * @module
 */
import type { LeafCertificates } from "./leaf_certificates.ts";

/** A pause between two signatures, for whatever else is to be done; the child starts meanwhile. */
const PAUSE_MS = 5;
/** Who has more hosts than this hardly asks for most of them. */
const MAX_HOSTS = 200;

/** Calls `step` after a while, unless it is told not to. */
export type Pause = (step: () => void) => () => void;

/** See the module. */
export class SignAhead {
  readonly #leaves: Pick<LeafCertificates, "signAhead">;
  readonly #pause: Pause;
  #hosts: readonly string[] = [];
  #stop: (() => void) | null = null;
  #isBusy = false;
  #isClosed = false;

  /** Does nothing until it is told of hosts. */
  constructor(leaves: Pick<LeafCertificates, "signAhead">, pause: Pause = shortPause) {
    this.#leaves = leaves;
    this.#pause = pause;
  }

  /** Signs for these in the time that is left over; said again when they have changed. */
  prepare(hosts: readonly string[]): void {
    if (this.#isClosed) return;
    this.#hosts = hosts.slice(0, MAX_HOSTS);
    this.#stop ??= this.#pause(() => this.#step());
  }

  /** A connection came: the next signature waits for another pause. Cheap. */
  connected(): void {
    this.#isBusy = true;
  }

  /** Signs no more. */
  close(): void {
    this.#isClosed = true;
    this.#hosts = [];
    this.#stop?.();
    this.#stop = null;
  }

  #step(): void {
    if (!this.#isBusy) this.#signOne();
    this.#isBusy = false;
    this.#stop = this.#hosts.length > 0 ? this.#pause(() => this.#step()) : null;
  }

  #signOne(): void {
    // What is signed already takes no time.
    const at = this.#hosts.findIndex((host) => this.#leaves.signAhead(host));
    this.#hosts = at < 0 ? [] : this.#hosts.slice(at + 1);
  }
}

function shortPause(step: () => void): () => void {
  const timer = setTimeout(step, PAUSE_MS);
  Deno.unrefTimer(timer as unknown as number);
  return () => clearTimeout(timer);
}
