/**
 * A Node process that a test runs functions in: the other side of a connection, written in the test
 * and played by another implementation than ours. A crash over there fails one test and not the run.
 *
 * A function is sent as its source text. It may use what it is given (its tools, its parameters) and
 * the globals of Node, and nothing else of the file around it; parameters and results are JSON. The
 * two sides tell each other what happens by name:
 *
 * - `node.run(work, parameters)` has `work(tools, parameters)` run there, and gives its result;
 * - `tools.tell(name, value)` there is `await node.until(name)` (the first one) or
 *   `await node.told(name)` (all so far) here;
 * - `node.tell(name, value)` here is `await tools.until(name)` there.
 *
 * An answer comes behind everything that was told before it, so whoever asks has heard all of it.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import type http2 from "node:http2";
import type net from "node:net";
import type tls from "node:tls";
import { endsWell } from "./ends_well.ts";

/** What a function has over there. */
export interface NodeTools {
  readonly Buffer: typeof Buffer;
  readonly http2: typeof http2;
  readonly net: typeof net;
  readonly tls: typeof tls;
  /** Makes a function of the source of one. */
  // deno-lint-ignore no-explicit-any
  compile<F extends (...given: any[]) => unknown>(source: string): F;
  tell(name: string, value?: unknown): void;
  /** What the test tells under this name, once it does. */
  until<T = unknown>(name: string): Promise<T>;
  /** Called before the process ends. */
  leave: () => void;
}

/** A function to run over there. */
export type NodeWork<Tools, Parameters, Result> = (
  tools: Tools,
  parameters: Parameters,
) => Result | Promise<Result>;

/** A running process, as a test speaks with it. */
export interface NodeProcess<Tools extends NodeTools = NodeTools> {
  /** @throws What `work` throws, and whatever else nothing caught over there */
  run<Result>(work: NodeWork<Tools, undefined, Result>): Promise<Result>;
  run<Parameters, Result>(
    work: NodeWork<Tools, Parameters, Result>,
    parameters: Parameters,
  ): Promise<Result>;
  /** The first value told under this name, as soon as there is one. */
  until<T = unknown>(name: string): Promise<T>;
  /** All of them so far. */
  told<T = unknown>(name: string): Promise<T[]>;
  tell(name: string, value?: unknown): void;
  /** Ends it; further calls wait for the same end. @throws What nothing caught over there */
  close(): Promise<void>;
}

const PROGRAM = new URL("node_process.mjs", import.meta.url).pathname;

/** Whether there is a real one: `deno task` puts a stand-in on the path, which is Deno. */
export const HAS_NODE: boolean = await endsWell("node", [
  "-e",
  "process.exit(globalThis.Deno || parseInt(process.versions.node) < 20 ? 1 : 0)",
]);

/** A test that is skipped, and says so, where there is no Node. */
export const withNode = {
  test(name: string, fn: () => Promise<void>): void {
    const title = HAS_NODE ? name : `${name} (skipped: no Node from version 20)`;
    Deno.test(title, { ignore: !HAS_NODE }, fn);
  },
};

/** What the process says; exactly one of its shapes. */
interface Said {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: string;
  readonly name?: string;
  readonly value?: unknown;
  readonly fault?: string;
}

/** Starts one. It ends by itself when this process does. */
export function startNode<Tools extends NodeTools = NodeTools>(): NodeProcess<Tools> {
  const child = new Deno.Command("node", {
    args: [PROGRAM],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  const questions = new Map<number, PromiseWithResolvers<unknown>>();
  const words = new Map<string, { all: unknown[]; first: PromiseWithResolvers<unknown> }>();
  let fault: Error | null = null;
  let asked = 0;
  let closing: Promise<void> | null = null;

  const promise = (): PromiseWithResolvers<unknown> => {
    const made = Promise.withResolvers<unknown>();
    made.promise.catch(() => {});
    if (fault !== null) made.reject(fault);
    return made;
  };
  const wordsOf = (name: string) => {
    if (!words.has(name)) words.set(name, { all: [], first: promise() });
    return words.get(name)!;
  };
  const fail = (error: Error) => {
    fault ??= error;
    for (const question of questions.values()) question.reject(fault);
    for (const { first } of words.values()) first.reject(fault);
  };
  const hear = (said: Said) => {
    if (said.fault !== undefined) return fail(new Error(`in Node: ${said.fault}`));
    if (said.name !== undefined) {
      const { all, first } = wordsOf(said.name);
      all.push(said.value);
      return first.resolve(said.value);
    }
    const question = questions.get(said.id!);
    questions.delete(said.id!);
    if (said.error === undefined) question?.resolve(said.result);
    else question?.reject(new Error(`in Node: ${said.error}`));
  };
  const send = (message: unknown) => {
    const line = new TextEncoder().encode(`${JSON.stringify(message)}\n`);
    // One that has ended is told by what it leaves unanswered.
    writer.write(line).catch(() => {});
  };
  const run = (work: unknown, parameters?: unknown): Promise<unknown> => {
    const question = promise();
    const id = ++asked;
    questions.set(id, question);
    send({ id, work: String(work), parameters });
    return question.promise;
  };
  const reading = readLines(child.stdout, (line) => hear(JSON.parse(line)))
    .then(() => child.status)
    .then(({ code, signal }) => {
      const how = signal === null ? `code ${code}` : signal;
      if (code !== 0) fail(new Error(`the Node process ended with ${how}`));
      const left = new Error("the Node process has ended");
      for (const question of questions.values()) question.reject(left);
      for (const { first } of words.values()) first.reject(left);
    });
  return {
    run: run as NodeProcess<Tools>["run"],
    until: <T>(name: string) => wordsOf(name).first.promise as Promise<T>,
    told: async <T>(name: string) => {
      await run(() => {});
      return [...wordsOf(name).all] as T[];
    },
    tell: (name, value = null) => send({ name, value }),
    close: () =>
      closing ??= (async () => {
        await writer.close().catch(() => {});
        await reading;
        if (fault !== null) throw fault;
      })(),
  };
}

async function readLines(
  bytes: ReadableStream<Uint8Array<ArrayBuffer>>,
  hear: (line: string) => void,
): Promise<void> {
  let rest = "";
  for await (const text of bytes.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    lines.forEach(hear);
  }
}
