/**
 * A process that a test kills at a moment of its choosing, and what it said until then.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));

/** A worker that runs. */
export interface KilledWorker {
  /** The next line it says; null when it has ended. */
  line(): Promise<string | null>;
  /** Gives it a line to read; nothing happens when it is dead. */
  tell(line: string): Promise<void>;
  /** `kill -9`, now; resolves when it is dead. */
  kill(): Promise<void>;
}

/** Starts a module with one argument, as JSON. */
export function startWorker(module: URL, argument: unknown): KilledWorker {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-check", "--no-lock", "--cached-only", "--config", CONFIG, "-A"],
      ...[module.href, JSON.stringify(argument)],
    ],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let read = "";
  return {
    async line() {
      while (!read.includes("\n")) {
        const { value, done } = await reader.read();
        if (done) return null;
        read += value;
      }
      const [first = "", ...rest] = read.split("\n");
      read = rest.join("\n");
      return first;
    },
    async tell(line) {
      await writer.write(new TextEncoder().encode(`${line}\n`)).catch(() => {});
    },
    async kill() {
      try {
        child.kill("SIGKILL");
      } catch { /* it has ended by itself */ }
      await child.status;
      await writer.close().catch(() => {});
      await reader.cancel();
    },
  };
}
