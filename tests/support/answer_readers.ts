/**
 * Clients of other people's making, each of which says how it read a row of answers: for tests that
 * hold our reading of answers against theirs. What they run lies in `clients/`.
 *
 * @module
 */
import { findPython, PATH } from "./client_programs.ts";
import { type ForeignCommand, goCommand, nodeCommand } from "./foreign_commands.ts";

/** How a client read an answer. */
export interface AnswerReading {
  readonly status: number;
  /** Without chunks; latin1: one character for each byte. */
  readonly body: string;
}

/** Of an answer, and of the one behind it on the same connection; null for what it did not take. */
export type ReadPair = readonly [AnswerReading | null, AnswerReading | null];

const SOURCES = new URL("clients/", import.meta.url).pathname;

/** Name → the command that runs it, or null when this machine cannot. */
export const ANSWER_READERS: Readonly<
  Record<string, (directory: string) => Promise<ForeignCommand>>
> = {
  "Node": () => nodeCommand(`${SOURCES}read_answers.mjs`),
  "Go": (directory) => goCommand(`${SOURCES}read_answers.go`, `${directory}/read_answers`),
  "Python's http.client": async () => {
    const python = await findPython("http.client");
    return python === null ? null : [python, `${SOURCES}read_answers.py`];
  },
};

/** Has a client ask the proxy at `port` for `count` answers, `http://plain.test/NUMBER`. */
export async function readAnswers(
  [program, ...args]: readonly [string, ...string[]],
  port: number,
  count: number,
  secret: string,
): Promise<ReadPair[]> {
  const { stdout, stderr } = await new Deno.Command(program, {
    args: [...args, String(port), String(count), secret],
    env: { PATH },
    stdout: "piped",
    stderr: "piped",
  }).output();
  const lines = new TextDecoder().decode(stdout).trim().split("\n");
  if (lines.length !== count) throw new Error(new TextDecoder().decode(stderr));
  const text = (reading: AnswerReading | null) =>
    reading === null ? null : { status: reading.status, body: atob(reading.body ?? "") };
  return lines.map((line) => {
    const [first, next] = JSON.parse(line) as ReadPair;
    return [text(first), text(next)];
  });
}
