/**
 * Passes the signals that ask us to do something on to the child. It listens until everything is
 * tidied up, so that a second Ctrl-C does not cut that short.
 *
 * @module
 */

const FORWARDED: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR2", "SIGWINCH", "SIGCONT"];

/** A terminal sends these to everybody in its foreground group, which the child is mostly in. */
const SENT_BY_TERMINAL: ReadonlySet<Deno.Signal> = new Set(["SIGINT", "SIGQUIT", "SIGWINCH"]);

/** See the module. */
export class SignalForwarder {
  readonly #listeners: readonly (readonly [Deno.Signal, () => void])[];
  readonly #early: Deno.Signal[] = [];
  #child: Deno.ChildProcess | null = null;

  /** Listens from now on; what comes before there is a child is kept for it. */
  constructor() {
    this.#listeners = FORWARDED.map((signal) => {
      const listener = () => {
        const child = this.#child;
        // Twice is not the same: many programs take a second Ctrl-C for "now".
        const wasTold = child !== null && SENT_BY_TERMINAL.has(signal) && isInForeground(child.pid);
        if (!wasTold) this.#forward(signal);
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

/**
 * Whether a process is in the foreground group of its terminal. Where a system does not tell, who
 * reads from a terminal is taken to be.
 */
function isInForeground(pid: number): boolean {
  if (Deno.build.os !== "linux") return Deno.stdin.isTerminal();
  try {
    // proc_pid_stat(5), behind the name in brackets: state ppid pgrp session tty_nr tpgid.
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return group === foreground;
  } catch {
    return false;
  }
}
