/**
 * A passphrase, or a master key, that the person brings: from a file, standard input or a variable
 * for scripts, else from the keyboard, masked.
 *
 * @module
 */
import {
  InputCancelledError,
  InvalidInputError,
  StoreUnavailableError,
  UsageError,
} from "../core/errors.ts";
import { MIN_PASSPHRASE_LENGTH, passphraseLength } from "../core/passphrase_rule.ts";
import { Secret } from "../core/secret.ts";
import { canAsk, promptLine } from "./prompt.ts";
import type { Voice } from "./voice.ts";

/** A few hundred characters are a long passphrase. */
const MAX_BYTES = 4096;

/** Where it comes from, and what it is called. */
export interface PassphraseRequest {
  /** Such as `Passphrase of the backup`. */
  readonly label: string;
  /** Content of the option that names a file. */
  readonly file: string | undefined;
  /** Name of that option. */
  readonly fileOption: string;
  readonly stdin: boolean;
  readonly variable: string;
  /** A new one: asked for twice, and not too short. */
  readonly isNew: boolean;
}

/**
 * The passphrase.
 *
 * @throws {UsageError} when it is given twice, or not at all where nobody can be asked.
 * @throws {InvalidInputError} when it is empty, or new and too short.
 * @throws {InputCancelledError} on Ctrl-C, or when nothing is typed.
 */
export async function askPassphrase(voice: Voice, request: PassphraseRequest): Promise<Secret> {
  const given = await readGiven(request);
  if (given === null) return await prompt(voice, request);
  const text = given.trim();
  if (text === "") {
    throw new InvalidInputError(`Cannot use an empty ${nounOf(request)}`, { hint: ways(request) });
  }
  const secret = new Secret(text);
  if (request.isNew && isTooShort(secret)) {
    throw new InvalidInputError(tooShort(request), { hint: "Take a longer one" });
  }
  return secret;
}

async function readGiven(request: PassphraseRequest): Promise<string | null> {
  const { file, fileOption, stdin, variable } = request;
  if (file !== undefined && stdin) {
    throw new UsageError(`Cannot use --${fileOption} and --stdin: one of them is enough`);
  }
  if (file !== undefined) return await readFile(file);
  if (stdin) return await readStdin(request);
  return Deno.env.get(variable) || null;
}

async function readFile(path: string): Promise<string> {
  try {
    using file = await Deno.open(path);
    return await readShort(file, path);
  } catch (cause) {
    if (cause instanceof InvalidInputError) throw cause;
    if (cause instanceof Deno.errors.NotFound) {
      throw new InvalidInputError(`Cannot read ${path}: there is no such file`, { cause });
    }
    if (cause instanceof Deno.errors.IsADirectory) {
      throw new InvalidInputError(`Cannot read ${path}: it is a directory`, { cause });
    }
    throw new StoreUnavailableError(`Cannot read ${path}: it cannot be opened`, { cause });
  }
}

async function readStdin(request: PassphraseRequest): Promise<string> {
  if (Deno.stdin.isTerminal()) {
    throw new UsageError("Cannot use --stdin: standard input is the terminal", {
      hint: `Leave --stdin out to be asked, or pipe the ${nounOf(request)} in`,
    });
  }
  return await readShort(Deno.stdin, "standard input");
}

async function readShort(
  source: { read(buffer: Uint8Array): Promise<number | null> },
  name: string,
): Promise<string> {
  const buffer = new Uint8Array(MAX_BYTES + 1);
  let length = 0;
  for (let count = await source.read(buffer); count !== null;) {
    length += count;
    if (length > MAX_BYTES) {
      throw new InvalidInputError(`Cannot read ${name}: it is longer than ${MAX_BYTES} bytes`);
    }
    count = await source.read(buffer.subarray(length));
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(buffer.subarray(0, length));
  } catch {
    throw new InvalidInputError(`Cannot read ${name}: it is not text in UTF-8`);
  }
}

async function prompt(voice: Voice, request: PassphraseRequest): Promise<Secret> {
  if (!canAsk()) {
    throw new UsageError(`Cannot ask for the ${nounOf(request)}: there is no terminal`, {
      hint: ways(request),
    });
  }
  for (;;) {
    const secret = new Secret(await promptLine(voice, request.label, { masked: true }));
    if (secret.isEmpty) {
      throw new InputCancelledError(`Cannot go on: no ${nounOf(request)} was given`);
    }
    if (!request.isNew) return secret;
    if (isTooShort(secret)) {
      voice.instruct(`${tooShort(request)}. Try again.`);
      continue;
    }
    const again = await promptLine(voice, "The same once more", { masked: true });
    if (again === secret.reveal()) return secret;
    voice.instruct("They differ. Try again.");
  }
}

function isTooShort(secret: Secret): boolean {
  return passphraseLength(secret) < MIN_PASSPHRASE_LENGTH;
}

function tooShort(request: PassphraseRequest): string {
  return `Cannot take this ${nounOf(request)}: it has fewer than ` +
    `${MIN_PASSPHRASE_LENGTH} characters`;
}

/** `Passphrase of the backup` → `passphrase`. */
function nounOf({ label }: PassphraseRequest): string {
  return label.toLowerCase().replace(/ of .*$/, "");
}

function ways({ fileOption, variable }: PassphraseRequest): string {
  return `Give it with --${fileOption} PATH, --stdin, or ${variable}`;
}
