/**
 * Servers of other people's making, each of which answers with how it read the request: for tests that
 * hold our reading against theirs. What they run lies in `servers/`.
 *
 * @module
 */
import { findPython, PATH, works } from "./client_programs.ts";
import { type ForeignCommand, goCommand, nodeCommand } from "./foreign_commands.ts";

/** How a server read a request. Text is latin1: one character for each byte. */
export interface Reading {
  readonly method: string;
  readonly target: string;
  /** `name:value`, as the server has them. */
  readonly fields: readonly string[];
  /** Without chunks. */
  readonly body: string;
}

/** A running server. Its answers have a reading in `X-Reading`, and no body. */
export interface ReadingServer {
  readonly port: number;
  /** Of the requests that it has read to their end. */
  targets(): Promise<string[]>;
  close(): Promise<void>;
}

const SOURCES = new URL("servers/", import.meta.url).pathname;

/** Name → the command that runs it, or null when this machine cannot. */
export const HTTP_SERVERS: Readonly<
  Record<string, (directory: string) => Promise<ForeignCommand>>
> = {
  "Node": () => nodeCommand(`${SOURCES}node.mjs`),
  "Go": (directory) => goCommand(`${SOURCES}server.go`, `${directory}/server`),
  "Ruby's WEBrick": async () =>
    await works("ruby", "-e", "require 'webrick'") ? ["ruby", `${SOURCES}webrick.rb`] : null,
  "Python's aiohttp": async () => {
    const python = await findPython("aiohttp");
    return python === null ? null : [python, `${SOURCES}aiohttp_server.py`];
  },
};

/** Starts one. */
export async function startReadingServer(
  [program, ...args]: readonly [string, ...string[]],
): Promise<ReadingServer> {
  const child = new Deno.Command(program, { args, env: { PATH }, stdout: "piped", stderr: "null" })
    .spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let line = "";
  while (!line.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`${program} did not start`);
    line += value;
  }
  const port = Number(line);
  return {
    port,
    targets: async () => {
      // A connection of its own, that nothing was read from before.
      const client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
      const answer = await fetch(`http://127.0.0.1:${port}/targets`, { client });
      const targets: string[] = await answer.json();
      client.close();
      return targets.map(atob);
    },
    close: async () => {
      child.kill("SIGKILL");
      await reader.cancel();
      await child.status;
    },
  };
}

/** The reading in an answer's head; null where the server refused the request. */
export function readingOf(head: string): Reading | null {
  const encoded = /\r\nx-reading: *(\S+)\r\n/i.exec(head)?.[1];
  if (encoded === undefined) return null;
  const { method, target, fields, body } = JSON.parse(atob(encoded));
  return { method: atob(method), target: atob(target), fields: fields.map(atob), body: atob(body) };
}
