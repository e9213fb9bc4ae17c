/**
 * `server/master.key`: the master key of a home whose owner gave none.
 *
 * Made once, with a new vault, and replaced when the key is changed. While that is under way it holds
 * the old key and, under `next`, the new one: whichever the vault was left with is in it. A missing or broken file beside an existing vault is an error: a new
 * key would open nothing, and writing it would bury the mistake.
 *
 * @module
 */
import { MasterKeyError } from "../../core/errors.ts";
import { Secret } from "../../core/secret.ts";
import { createFile, removeIfThere, replaceFile } from "./durable_file.ts";
import type { MasterKey } from "./master_key.ts";

const RESTORE = "Restore server/master.key from a backup; without it the vault stays closed";

/**
 * The key in the file.
 *
 * @throws {MasterKeyError} when it is missing, not a plain file of its owner's alone, or no key.
 */
export function readKeyFile(path: string): MasterKey {
  return readKeyCandidates(path)[0]!;
}

/** The keys in the file: one, or several after a change that was cut short. Throws alike. */
export function readKeyCandidates(path: string): readonly MasterKey[] {
  const text = readPrivateFile(path);
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw new MasterKeyError(`Cannot read ${path}: it is cut short or not JSON`, { hint: RESTORE });
  }
  const { version, key, next = [] } = (data ?? {}) as {
    readonly [name in "version" | "key" | "next"]?: unknown;
  };
  if (version !== 1) {
    throw new MasterKeyError(`Cannot read ${path}: it is not a key file of version 1`, {
      hint: RESTORE,
    });
  }
  return [key, ...Array.isArray(next) ? next : [next]].map((candidate: unknown) => {
    if (typeof candidate === "string" && /^[A-Za-z0-9+/]{43}=$/.test(candidate)) {
      return { source: "key_file", secret: new Secret(candidate) };
    }
    throw new MasterKeyError(`Cannot read ${path}: it holds no key of 32 bytes in base64`, {
      hint: RESTORE,
    });
  });
}

/** A new random key, not in any file yet. */
export function newFileKey(): MasterKey {
  const key = crypto.getRandomValues(new Uint8Array(32)).toBase64();
  return { source: "key_file", secret: new Secret(key) };
}

/**
 * Puts these keys into the file, in place of those in it, in one step.
 *
 * @throws {MasterKeyError} when it cannot be written; it then holds what it held.
 */
export function writeKeyCandidates(path: string, keys: readonly MasterKey[]): void {
  try {
    replaceFile(path, encode(keys));
  } catch (cause) {
    throw new MasterKeyError(`Cannot write ${path}: ${reason(cause)}`, { cause });
  }
}

/** Removes what a crash left of writing the file: it holds a key. */
export function removeKeyRemnants(path: string): void {
  const [, directory = ".", name = path] = /^(.*)\/([^/]*)$/.exec(path) ?? [];
  for (const entry of Deno.readDirSync(directory)) {
    if (!entry.name.startsWith(`${name}.`) || !entry.name.endsWith(".tmp")) continue;
    removeIfThere(`${directory}/${entry.name}`);
  }
}

/**
 * The key in the file, or a new one where there is no file. For a home without a vault only.
 *
 * @throws {MasterKeyError} as {@linkcode readKeyFile} does: a broken file is never replaced.
 */
export function readOrCreateKeyFile(path: string): MasterKey {
  try {
    createFile(path, encode([newFileKey()]));
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) {
      throw new MasterKeyError(`Cannot write ${path}: ${reason(error)}`, { cause: error });
    }
  }
  return readKeyFile(path);
}

/** What is written. Here a key is revealed: this file is its place. */
function encode([first, ...others]: readonly MasterKey[]): Uint8Array {
  const content = {
    version: 1,
    key: first!.secret.reveal(),
    ...(others.length === 0 ? {} : { next: others.map(({ secret }) => secret.reveal()) }),
    algorithm: "AES-256-GCM",
    note: "Master key of the authsome vault beside it. Keep a copy: without it the vault is lost.",
  };
  return new TextEncoder().encode(`${JSON.stringify(content, null, 2)}\n`);
}

function readPrivateFile(path: string): string {
  try {
    const info = Deno.lstatSync(path);
    if (!info.isFile) {
      throw new MasterKeyError(`Cannot read ${path}: it is not a plain file`, {
        hint: "Replace it by the key file itself; links are refused",
      });
    }
    if (info.mode !== null && (info.mode & 0o077) !== 0) {
      const mode = (info.mode & 0o777).toString(8).padStart(4, "0");
      throw new MasterKeyError(`Cannot read ${path}: its mode ${mode} lets others read it`, {
        hint: `Run: chmod 600 ${path}`,
      });
    }
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof MasterKeyError) throw error;
    if (error instanceof Deno.errors.NotFound) {
      throw new MasterKeyError(`Cannot open the vault: ${path} is missing`, { hint: RESTORE });
    }
    throw new MasterKeyError(`Cannot read ${path}: ${reason(error)}`, { cause: error });
  }
}

function reason(error: unknown): string {
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  return error instanceof Error ? error.message : String(error);
}
