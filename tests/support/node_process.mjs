/**
 * Runs the functions that `node_process.ts` sends, in Node, and ends when its input does.
 *
 * Lines of JSON both ways. In: `{ id, work, parameters }` asks, `{ name, value }` tells. Out:
 * `{ id, result }` or `{ id, error }` answers, `{ name, value }` tells, `{ fault }` says what nothing
 * caught.
 */
import { Buffer } from "node:buffer";
import http2 from "node:http2";
import net from "node:net";
import process from "node:process";
import { createInterface } from "node:readline";
import tls from "node:tls";
import { runInThisContext } from "node:vm";

/** Name → the promise of what the test tells under it, and how to keep it. */
const words = new Map();
const wordOf = (name) => {
  if (!words.has(name)) {
    let keep;
    words.set(name, { promise: new Promise((resolve) => keep = resolve), keep: (v) => keep(v) });
  }
  return words.get(name);
};

const send = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const fail = (error) => send({ fault: String(error?.stack ?? error) });
const compile = (source) => runInThisContext(`(${source})`);

const here = {
  Buffer,
  http2,
  net,
  tls,
  compile,
  tell: (name, value = null) => void send({ name, value }),
  until: (name) => wordOf(name).promise,
  leave: () => {},
};

// The output is for answers.
// deno-lint-ignore no-console
console.log = console.error;
process.on("uncaughtException", fail);
process.on("unhandledRejection", fail);

const lines = createInterface({ input: process.stdin, crlfDelay: Infinity });
lines.on("line", async (line) => {
  const { id, work, parameters, name, value } = JSON.parse(line);
  if (id === undefined) return wordOf(name).keep(value);
  try {
    send({ id, result: await compile(work)(here, parameters) });
  } catch (error) {
    send({ id, error: String(error?.stack ?? error) });
  }
});
lines.on("close", () => {
  here.leave();
  process.exit(0);
});
