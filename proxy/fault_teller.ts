/**
 * Mistakes of our own in what serves a connection. The connection ends and the run goes on, but the
 * mistake is not passed over as if somebody had left: the owner is told its kind and where in our code
 * it happened, once for each place. Never its message, which may quote what the code tripped over.
 *
 * @module
 */

/** Is given whatever ended a connection; tells what is a mistake of ours and passes over the rest. */
export type TellFault = (error: unknown) => void;

/** What correct code never throws. Everything that a network or a peer does is another kind. */
const KINDS = [TypeError, RangeError, ReferenceError, SyntaxError];
/** A refusal names what it was made of, which may name another. */
const MAX_DEPTH = 4;
/** Different places; a run that has so many of them has told enough. */
const MAX_TOLD = 20;
/** Our own files, from a checkout, a package or a compiled program alike. */
const FRAME = /^ +at .*?\b((?:proxy|client|core|cli)\/[\w/]+\.tsx?:\d+:\d+)\)?$/;

/** Tells by `note`, which takes whole sentences. */
export function faultTeller(note: (line: string) => void): TellFault {
  const told = new Set<string>();
  return (error) => {
    const fault = findFault(error);
    if (fault === null || told.size >= MAX_TOLD) return;
    const line = `${describeFault(fault)}; that connection was ended, please report this line`;
    if (told.has(line)) return;
    told.add(line);
    note(line);
  };
}

/** The mistake in an error or behind it, or null. */
export function findFault(error: unknown): Error | null {
  for (let depth = 0; depth < MAX_DEPTH && error instanceof Error; depth++) {
    if (KINDS.some((Kind) => error instanceof Kind)) return error;
    error = error.cause;
  }
  return null;
}

/** The mistake in words, without anything of what was being worked on. */
export function describeFault(fault: unknown): string {
  return `a mistake in authsome: ${kindOf(fault)} at ${placeOf(fault)}`;
}

function kindOf(fault: unknown): string {
  return KINDS.find((Kind) => fault instanceof Kind)?.name ?? "an error";
}

function placeOf(fault: unknown): string {
  if (!(fault instanceof Error)) return "an unknown place";
  const { stack = "", message } = fault;
  // Behind the message: its lines could look like a place.
  const from = Math.max(stack.indexOf(message), 0) + message.length;
  for (const line of stack.slice(from).split("\n")) {
    const frame = FRAME.exec(line);
    if (frame !== null) return frame[1]!;
  }
  return "an unknown place";
}
