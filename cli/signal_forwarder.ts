/**
 * Passes the signals that ask us to do something on to the child. It listens until everything is
 * tidied up, so that a second Ctrl-C does not cut that short.
 *
 * @module
 */

const FORWARDED: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR2", "SIGWINCH", "SIGCONT"];

/** From a terminal these reach the child without us: it is in the same foreground group. */
const SENT_BY_TERMINAL: ReadonlySet<Deno.Signal> = new Set(["SIGINT", "SIGQUIT", "SIGWINCH"]);

/** See the module. */
export class SignalForwarder {
  readonly #listeners: readonly (readonly [Deno.Signal, () => void])[];
  readonly #early: Deno.Signal[] = [];
  #child: Deno.ChildProcess | null = null;

  /** Listens from now on; what comes before there is a child is kept for it. */
  constructor() {
    const isForeground = Deno.stdin.isTerminal();
    this.#listeners = FORWARDED.map((signal) => {
      const listener = () => {
        if (!isForeground || !SENT_BY_TERMINAL.has(signal)) this.#forward(signal);
      };
      Deno.addSignalListener(signal, listener);
      return [signal, listener] as const;
    });
  }

  /** Passes everything on to this child. */
  sendTo(child: Deno.ChildProcess): void {
    this.#child = child;
    this.#early.splice(0).forEach((signal) => this.#forward(signal));
  }

  /** Stops to listen. */
  close(): void {
    for (const [signal, listener] of this.#listeners) Deno.removeSignalListener(signal, listener);
  }

  #forward(signal: Deno.Signal): void {
    if (this.#child === null) return void this.#early.push(signal);
    try {
      this.#child.kill(signal);
    } catch { /* it has ended */ }
  }
}
