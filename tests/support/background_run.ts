/**
 * `authsome run` in the background, whose child is a shell script that a test talks to.
 *
 * @module
 */
import { ACME_HOST, type AcmeHome } from "./acme_home.ts";

/** A run that goes on. */
export interface BackgroundRun {
  readonly child: Deno.ChildProcess;
  /** Waits for a line of the script's. */
  says(line: string): Promise<void>;
  /** The script's next line. */
  line(): Promise<string>;
  /** Gives the script a line to read. */
  type(line: string): Promise<void>;
  /** Ends its input, and waits for the end of the run. */
  finish(): Promise<Deno.CommandStatus>;
}

/** How a run differs from the usual one. */
export interface BackgroundRunOptions {
  /** Files that its process may have open; default: as many as this one may. */
  readonly files?: number;
  /** Where Acme's API is on 127.0.0.1; default: that of the home. */
  readonly apiPort?: number;
}

/** Starts `sh -c script` with `env` on top of the test's environment. */
export function startRun(
  acme: AcmeHome,
  script: string,
  env: Readonly<Record<string, string>>,
  { files, apiPort = acme.api.port }: BackgroundRunOptions = {},
): BackgroundRun {
  const limited = files === undefined ? [] : ["-c", `ulimit -n ${files}; exec "$@"`, "sh"];
  const child = new Deno.Command(files === undefined ? Deno.execPath() : "sh", {
    args: [
      ...limited,
      ...(files === undefined ? [] : [Deno.execPath()]),
      "run",
      "--quiet",
      "--allow-all",
      new URL("../../cli.ts", import.meta.url).pathname,
      "run",
      "--quiet",
      "--connect-to",
      `${ACME_HOST}:443:127.0.0.1:${apiPort}`,
      "--",
      "sh",
      "-c",
      script,
    ],
    env: { AUTHSOME_HOME: acme.home.path, AUTHSOME_PORT: "0", ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const input = child.stdin.getWriter();
  let seen = "";
  return {
    child,
    says: async (line: string) => {
      while (!seen.includes(`${line}\n`)) {
        const { value, done } = await reader.read();
        if (done) throw new Error(`ended before ${line}: ${seen}`);
        seen += value;
      }
      seen = seen.slice(seen.indexOf(`${line}\n`) + line.length + 1);
    },
    line: async () => {
      while (!seen.includes("\n")) {
        const { value, done } = await reader.read();
        if (done) throw new Error(`ended in the middle of a line: ${seen}`);
        seen += value;
      }
      const line = seen.slice(0, seen.indexOf("\n"));
      seen = seen.slice(line.length + 1);
      return line;
    },
    type: (line: string) => input.write(new TextEncoder().encode(`${line}\n`)),
    finish: async () => {
      await input.close().catch(() => {});
      for (;;) {
        const { done } = await reader.read();
        if (done) break;
      }
      return await child.status;
    },
  };
}
