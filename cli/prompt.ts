/**
 * Asking the person at the terminal: plain values, masked values, yes or no.
 *
 * The terminal is in raw mode while it asks, so that nothing is echoed by anyone but us and Ctrl-C
 * arrives here; it is put back however the asking ends.
 *
 * @module
 */
import { InputCancelledError } from "../core/errors.ts";
import { canAsk } from "./can_ask.ts";
import { SIGNALS } from "./interrupt.ts";
import { LineEditor } from "./line_editor.ts";
import { plainLine } from "./plain_text.ts";
import { width } from "./table.ts";
import type { Voice } from "./voice.ts";

export { canAsk };

/**
 * One line as typed, without spaces around it.
 *
 * @throws {InputCancelledError} on Ctrl-C, or Ctrl-D in an empty line.
 */
export async function promptLine(
  voice: Voice,
  label: string,
  { masked = false }: { readonly masked?: boolean } = {},
): Promise<string> {
  const question = `${plainLine(label)}${/[?\]]$/.test(label) ? "" : ":"} `;
  const room = Math.max((voice.columns ?? 80) - width(question) % (voice.columns ?? 80) - 1, 8);
  const editor = new LineEditor({ masked, room });
  const { ended, leave } = enterRawMode();
  voice.ask(question);
  try {
    for (;;) {
      const key = editor.press(await Promise.race([nextByte(), ended]));
      if (key.type === "typing") voice.ask(key.echo);
      if (key.type === "entered") return key.text.trim();
      if (key.type === "cancelled") throw cancelled();
    }
  } finally {
    leave();
    voice.ask("\n");
  }
}

/**
 * Yes or no; Enter alone means `preset`.
 *
 * @throws {InputCancelledError} on Ctrl-C.
 */
export async function confirm(voice: Voice, question: string, preset: boolean): Promise<boolean> {
  for (;;) {
    const answer = await promptLine(voice, `${question} ${preset ? "[Y/n]" : "[y/N]"}`);
    if (answer === "") return preset;
    if (/^y(es)?$/i.test(answer)) return true;
    if (/^no?$/i.test(answer)) return false;
    voice.instruct("Please answer y or n.");
  }
}

/**
 * A line that is typed or pasted while something else is waited for, without echo: the terminal must
 * be silenced ({@linkcode silenceTerminal}).
 *
 * @throws {InputCancelledError} when the terminal is gone.
 */
export async function readQuietLine(): Promise<string> {
  const editor = new LineEditor({ masked: true, room: 0 });
  for (;;) {
    const key = editor.press(await nextByte());
    if (key.type === "entered") return key.text.trim();
  }
}

/** Bytes that came with the ones before: a paste of several lines answers several prompts. */
let typedAhead: number[] = [];

async function nextByte(): Promise<number> {
  const next = typedAhead.shift();
  if (next !== undefined) {
    // A pasted CR LF is one line end.
    if (next === 0x0d && typedAhead[0] === 0x0a) typedAhead.shift();
    return next;
  }
  const buffer = new Uint8Array(1024);
  const count = await Deno.stdin.read(buffer);
  if (count === null) throw new InputCancelledError("Cannot go on: the terminal is gone");
  typedAhead = [...buffer.subarray(0, count)];
  return await nextByte();
}

/** Echo is off between prompts, too; see {@linkcode silenceTerminal}. */
let silenced = false;

/**
 * Turns the terminal's echo off until it is disposed of: a key that is pasted before its prompt is
 * there, while the daemon starts, would otherwise be shown by the terminal itself. Signals work.
 */
export function silenceTerminal(): Disposable {
  if (!canAsk() || Deno.build.os === "windows") return { [Symbol.dispose]() {} };
  // Suspended now, the terminal would come back without its echo.
  const stay = () => {};
  Deno.addSignalListener("SIGTSTP", stay);
  silenced = true;
  rest();
  return {
    [Symbol.dispose]() {
      silenced = false;
      rest();
      Deno.removeSignalListener("SIGTSTP", stay);
    },
  };
}

/** The mode between two prompts. */
function rest(): void {
  if (silenced) Deno.stdin.setRaw(true, { cbreak: true });
  else Deno.stdin.setRaw(false);
}

/** Raw mode: how to leave it, and a promise that rejects when a signal asks the process to end. */
function enterRawMode(): { readonly ended: Promise<never>; readonly leave: () => void } {
  const { promise: ended, reject } = Promise.withResolvers<never>();
  ended.catch(() => {}); // nobody may be waiting when it rejects
  const end = () => reject(cancelled());
  for (const signal of SIGNALS) Deno.addSignalListener(signal, end);
  Deno.stdin.setRaw(true);
  return {
    ended,
    leave() {
      rest();
      for (const signal of SIGNALS) Deno.removeSignalListener(signal, end);
    },
  };
}

function cancelled(): InputCancelledError {
  return new InputCancelledError("Cannot go on: you cancelled");
}
