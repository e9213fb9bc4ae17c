/**
 * Custom provider definitions: one file `server/providers/<name>.json` each, written by the daemon
 * or dropped in by hand.
 *
 * A file that cannot be used is a problem of that file, told with its name; the others still count.
 *
 * @module
 */
import { AuthsomeError, InvalidInputError, StoreUnavailableError } from "../../core/errors.ts";
import { isName } from "../../core/provider.ts";
import { removeIfThere, replaceFile, syncDirectory } from "../vault/durable_file.ts";

/** Longest definition that is read, in bytes; the largest bundled one has a few thousand. */
export const MAX_DEFINITION_BYTES = 262_144;

/** How custom definitions are read. */
export interface CustomProvidersOptions<T> {
  /** `server/providers`. */
  readonly directory: string;
  /** Parses a file; its error's message becomes the file's problem. `name` is the file's. */
  readonly parse: (text: string, name: string) => T;
  /** How long an answer is given again before the directory is looked at, in milliseconds. */
  readonly recheckMs?: number;
}

/** A file that cannot be used. */
export interface CustomProviderProblem {
  /** Name of the file in the directory. */
  readonly file: string;
  /** Name of the provider it would define; null when that is no name. */
  readonly provider: string | null;
  /** What is wrong, as a message to show. */
  readonly problem: string;
}

/** The custom definitions at one moment. */
export interface CustomProviderSet<T> {
  /** By provider name, in order. */
  readonly definitions: ReadonlyMap<string, T>;
  readonly problems: readonly CustomProviderProblem[];
  /** Grows when a file was added, changed or removed. */
  readonly revision: number;
}

interface ReadFile<T> {
  /** Tells whether the file is the one that was read. */
  readonly signature: string;
  readonly result: { readonly definition: T } | { readonly problem: string };
}

/** The definitions in a directory, remembered until a file changes. */
export class CustomProviders<T> {
  readonly #directory: string;
  readonly #parse: (text: string, name: string) => T;
  readonly #recheckMs: number;
  #files: ReadonlyMap<string, ReadFile<T>> = new Map();
  #set: CustomProviderSet<T> = { definitions: new Map(), problems: [], revision: 0 };
  #readAt = -Infinity;

  /** See {@linkcode CustomProvidersOptions}. Reads nothing yet. */
  constructor({ directory, parse, recheckMs = 1000 }: CustomProvidersOptions<T>) {
    this.#directory = directory;
    this.#parse = parse;
    this.#recheckMs = recheckMs;
  }

  /**
   * The definitions, read again where a file has changed.
   *
   * @throws {StoreUnavailableError} when the directory cannot be read.
   */
  read(): CustomProviderSet<T> {
    if (performance.now() - this.#readAt < this.#recheckMs) return this.#set;
    const files = new Map<string, ReadFile<T>>();
    for (const name of this.#fileNames()) {
      const file = this.#readFile(name);
      if (file !== null) files.set(name, file);
    }
    const same = files.size === this.#files.size &&
      [...files].every(([name, file]) => this.#files.get(name) === file);
    this.#files = files;
    if (!same) this.#set = toSet(files, this.#set.revision + 1);
    this.#readAt = performance.now();
    return this.#set;
  }

  /**
   * Writes a definition's file, in place of an earlier one; whole, or not at all.
   *
   * @throws {StoreUnavailableError} when it cannot be written. @throws {InvalidInputError} for a name
   * that is none.
   */
  save(name: string, text: string): void {
    const path = this.#path(name);
    try {
      Deno.mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
      replaceFile(path, new TextEncoder().encode(text));
    } catch (cause) {
      throw new StoreUnavailableError(`Cannot write ${path}: ${reason(cause)}`, { cause });
    }
    this.#readAt = -Infinity;
  }

  /**
   * Removes a definition's file; nothing happens when there is none.
   *
   * @throws {StoreUnavailableError} when it cannot be removed.
   */
  remove(name: string): void {
    const path = this.#path(name);
    try {
      if (removeIfThere(path)) syncDirectory(path);
    } catch (cause) {
      throw new StoreUnavailableError(`Cannot remove ${path}: ${reason(cause)}`, { cause });
    }
    this.#readAt = -Infinity;
  }

  #path(name: string): string {
    if (!isName(name)) {
      throw new InvalidInputError("Cannot use this provider name: it breaks the rule for names");
    }
    return `${this.#directory}/${name}.json`;
  }

  /** The `.json` files, in order; a definition being written has another ending. */
  #fileNames(): string[] {
    try {
      return [...Deno.readDirSync(this.#directory)]
        .map((entry) => entry.name)
        .filter((name) => name.endsWith(".json"))
        .sort();
    } catch (cause) {
      if (cause instanceof Deno.errors.NotFound) return [];
      throw new StoreUnavailableError(`Cannot read ${this.#directory}: ${reason(cause)}`, {
        cause,
      });
    }
  }

  /** The file as it is; the one known already where it has not changed; null when it is gone. */
  #readFile(file: string): ReadFile<T> | null {
    const path = `${this.#directory}/${file}`;
    const known = this.#files.get(file);
    try {
      const info = Deno.lstatSync(path);
      const times = [info.mtime, info.ctime].map((time) => time?.getTime());
      const signature = [info.ino, info.size, info.mode, ...times].join();
      if (known?.signature === signature) return known;
      const problem = unusable(file, info);
      if (problem !== null) return { signature, result: { problem } };
      return { signature, result: this.#parseFile(path, file) };
    } catch (error) {
      // Removed since the directory was listed.
      if (error instanceof Deno.errors.NotFound) return null;
      const problem = `it cannot be read: ${reason(error)}`;
      return known?.signature === problem ? known : { signature: problem, result: { problem } };
    }
  }

  #parseFile(path: string, file: string): ReadFile<T>["result"] {
    const text = Deno.readTextFileSync(path);
    try {
      return { definition: this.#parse(text, providerOf(file)) };
    } catch (error) {
      // A parser may run out of stack on what somebody nested without end: a problem like any other.
      return { problem: error instanceof AuthsomeError ? error.message : "it cannot be parsed" };
    }
  }
}

function toSet<T>(
  files: ReadonlyMap<string, ReadFile<T>>,
  revision: number,
): CustomProviderSet<T> {
  const definitions = new Map<string, T>();
  const problems: CustomProviderProblem[] = [];
  for (const [file, { result }] of files) {
    const name = providerOf(file);
    if ("definition" in result) definitions.set(name, result.definition);
    else problems.push({ file, provider: isName(name) ? name : null, problem: result.problem });
  }
  return { definitions, problems, revision };
}

function providerOf(file: string): string {
  return file.slice(0, -".json".length);
}

function unusable(file: string, info: Deno.FileInfo): string | null {
  if (!isName(providerOf(file))) return "the file's name is no provider name";
  // A link would let its target, outside the home, decide where credentials go.
  if (!info.isFile) return "it is not a plain file";
  if (info.mode !== null && (info.mode & 0o022) !== 0) return "others may write to it";
  if (info.size > MAX_DEFINITION_BYTES) return `it is longer than ${MAX_DEFINITION_BYTES} bytes`;
  return null;
}

function reason(error: unknown): string {
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  return error instanceof Error ? error.message : String(error);
}
