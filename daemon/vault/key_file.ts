/**
 * `server/master.key`: the master key of a home whose owner gave none.
 *
 * Made once, with a new vault. A missing or broken file beside an existing vault is an error: a new
 * key would open nothing, and writing it would bury the mistake.
 *
 * @module
 */
import { MasterKeyError } from "../../core/errors.ts";
import { Secret } from "../../core/secret.ts";
import { createFile } from "./durable_file.ts";
import type { MasterKey } from "./master_key.ts";

const RESTORE = "Restore server/master.key from a backup; without it the vault stays closed";

/**
 * The key in the file.
 *
 * @throws {MasterKeyError} when it is missing, not a plain file of its owner's alone, or no key.
 */
export function readKeyFile(path: string): MasterKey {
  const text = readPrivateFile(path);
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw new MasterKeyError(`Cannot read ${path}: it is cut short or not JSON`, { hint: RESTORE });
  }
  const { version, key } = (data ?? {}) as { readonly version?: unknown; readonly key?: unknown };
  if (version !== 1) {
    throw new MasterKeyError(`Cannot read ${path}: it is not a key file of version 1`, {
      hint: RESTORE,
    });
  }
  if (typeof key !== "string" || !/^[A-Za-z0-9+/]{43}=$/.test(key)) {
    throw new MasterKeyError(`Cannot read ${path}: it holds no key of 32 bytes in base64`, {
      hint: RESTORE,
    });
  }
  return { source: "key_file", secret: new Secret(key) };
}

/**
 * The key in the file, or a new one where there is no file. For a home without a vault only.
 *
 * @throws {MasterKeyError} as {@linkcode readKeyFile} does: a broken file is never replaced.
 */
export function readOrCreateKeyFile(path: string): MasterKey {
  const content = {
    version: 1,
    key: crypto.getRandomValues(new Uint8Array(32)).toBase64(),
    algorithm: "AES-256-GCM",
    note: "Master key of the authsome vault beside it. Keep a copy: without it the vault is lost.",
  };
  try {
    createFile(path, new TextEncoder().encode(`${JSON.stringify(content, null, 2)}\n`));
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) {
      throw new MasterKeyError(`Cannot write ${path}: ${reason(error)}`, { cause: error });
    }
  }
  return readKeyFile(path);
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
