/**
 * Values for a login from standard input: one line, `NAME=value` lines, or a JSON object.
 *
 * @module
 */
import type { InputField } from "../core/api.ts";
import { InvalidInputError, UsageError } from "../core/errors.ts";
import { Secret } from "../core/secret.ts";

/** A key file with a certificate chain has a few kilobytes. */
const MAX_BYTES = 1 << 20;

/**
 * Standard input to its end; it may be empty, see {@linkcode nothingPipedIn}.
 *
 * @throws {UsageError} when it is a terminal, which would show what is typed.
 * @throws {InvalidInputError} when it is too large.
 */
export async function readStdin(): Promise<Secret> {
  if (Deno.stdin.isTerminal()) {
    throw new UsageError("Cannot use --stdin: standard input is the terminal", {
      hint: "Leave --stdin out to be asked, or pipe the key in",
    });
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  const buffer = new Uint8Array(64 * 1024);
  for (let count = await Deno.stdin.read(buffer); count !== null;) {
    chunks.push(buffer.slice(0, count));
    size += count;
    if (size > MAX_BYTES) {
      throw new InvalidInputError("Cannot read standard input: it is larger than 1 MiB");
    }
    count = await Deno.stdin.read(buffer);
  }
  const text = new TextDecoder().decode(await new Blob(chunks as BlobPart[]).arrayBuffer());
  return new Secret(text.trim() === "" ? "" : text);
}

/** The error for an empty standard input; without a provider it is a server's login. */
export function nothingPipedIn(provider: string | undefined): InvalidInputError {
  const login = provider === undefined ? "--mcp URL" : provider;
  return new InvalidInputError("Cannot read a key from standard input: it is empty", {
    hint: `Pipe the key in: authsome login ${login} --stdin < key.txt`,
  });
}

/**
 * The value of each field that `input` gives.
 *
 * @throws {InvalidInputError} for a name that is not asked for, a required value that is missing, and
 * text that is neither form. The message never repeats the input.
 */
export function readValues(
  input: Secret,
  fields: readonly InputField[],
): Readonly<Record<string, Secret>> {
  const text = input.reveal().replaceAll("\r\n", "\n").trim();
  const wanted = fields.filter(({ required }) => required);
  const single = wanted.length === 1 ? wanted[0]! : fields.length === 1 ? fields[0]! : null;
  const pairs = readObject(text) ?? readLines(text, fields, single !== null);
  if (pairs === null) {
    if (single !== null && !text.includes("\n")) return { [single.name]: new Secret(text) };
    throw new InvalidInputError(
      single === null
        ? "Cannot read standard input: several values are wanted"
        : "Cannot read standard input: one line is wanted",
      { hint: `Give NAME=value lines or a JSON object: ${fields.map(showField).join(", ")}` },
    );
  }
  const values: Record<string, Secret> = {};
  for (const [i, [name, value]] of pairs.entries()) {
    const field = fields.find((field) => field.name === name || field.env?.includes(name));
    if (field === undefined) {
      // Not its name: a key in base64 that ends in `=` looks like a name and a value.
      throw new InvalidInputError(
        `Cannot use value ${i + 1} of standard input: its name is not asked for`,
        { hint: `Asked for: ${fields.map(showField).join(", ")}` },
      );
    }
    values[field.name] = new Secret(value);
  }
  const missing = wanted.filter(({ name }) => values[name] === undefined || values[name].isEmpty);
  if (missing.length > 0) {
    throw new InvalidInputError(
      `Cannot log in: ${missing.map(({ name }) => name).join(", ")} missing on standard input`,
    );
  }
  return values;
}

/** Name and value of a JSON object of texts; null when the text is not one. */
function readObject(text: string): [string, string][] | null {
  if (!text.startsWith("{")) return null;
  try {
    const entries = Object.entries(JSON.parse(text) as Record<string, unknown>);
    if (entries.every(([, value]) => typeof value === "string")) {
      return entries as [string, string][];
    }
  } catch { /* a key may begin with a brace */ }
  return null;
}

/** Name and value of `NAME=value` lines. A key may hold `=`: alone, only a known name counts. */
function readLines(
  text: string,
  fields: readonly InputField[],
  keyAlone: boolean,
): [string, string][] | null {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const pairs = lines.map((line): [string, string] | null => {
    const match = /^(?:export )?([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(line.trim());
    return match === null ? null : [match[1]!, unquote(match[2]!)];
  });
  if (!pairs.every((pair) => pair !== null)) return null;
  const isKnown = ([name]: readonly [string, string]) =>
    fields.some((field) => field.name === name || field.env?.includes(name));
  return keyAlone && !pairs.every(isKnown) ? null : pairs;
}

function unquote(value: string): string {
  return /^(["']).*\1$/.test(value) && value.length > 1 ? value.slice(1, -1) : value;
}

function showField({ name, required }: InputField): string {
  return required ? name : `${name} (optional)`;
}
