/**
 * The home on disk: made with its final modes, refused when it is not the caller's alone.
 *
 * @module
 */
import { StoreUnavailableError, UnsafeHomeError } from "../core/errors.ts";
import { homeProblems, type HomeReader } from "../core/home_audit.ts";
import type { HomePaths } from "../core/paths.ts";

/** Bytes of the registration token before they are written in hex. */
const TOKEN_BYTES = 32;

/**
 * Makes what is missing of the home (directories 0700, the registration token 0600), then audits all
 * of it.
 *
 * @throws {UnsafeHomeError} see {@linkcode auditWholeHome}.
 * @throws {StoreUnavailableError} when something cannot be made: no permission, no room.
 */
export function prepareHome(paths: HomePaths): void {
  // Before anything is made inside it: what is a symlink or somebody else's is not written through.
  auditWholeHome(paths);
  const { client, server } = paths;
  for (
    const dir of [
      paths.home,
      client.dir,
      client.identities,
      client.logs,
      server.dir,
      server.providers,
      server.logs,
      server.daemon,
    ]
  ) {
    makeDirectory(dir);
  }
  createRegistrationToken(server.registrationToken);
}

/**
 * Looks at every entry of the home; a home that does not exist yet is fine.
 *
 * @throws {UnsafeHomeError} for a symlink, a foreign owner or a wide mode, naming the path and the
 * command that mends it; for a path that cannot be confined to.
 */
export function auditWholeHome(paths: HomePaths): void {
  for (const problem of wholeHomeProblems(paths)) throw problem;
}

/** Everything for which {@linkcode auditWholeHome} would refuse the home, found as it is asked for. */
export function* wholeHomeProblems({ home }: HomePaths): Generator<UnsafeHomeError> {
  // In --allow-read a comma ends a path, and there is no way to quote it: `/x,/etc` would allow /etc.
  if (home.includes(",")) {
    yield new UnsafeHomeError(
      `Cannot use ${home}: with a comma in its path the daemon cannot be confined to it`,
      { hint: "Set AUTHSOME_HOME to a directory without a comma" },
    );
  }
  const other = foreignPlace(home);
  if (other === null) yield* homeProblems(home, READER);
  else yield other;
}

/**
 * A place of something else, named by a slip: `/`, a project, a device. What mends a home, such as
 * `chmod 700` and `rm`, would harm it, so nothing in it is looked at.
 */
function foreignPlace(home: string): UnsafeHomeError | null {
  const hint = "Set AUTHSOME_HOME to a directory of your own, or to one that is not there yet";
  try {
    const entry = READER.lstat(home);
    if (entry === null || entry.isSymlink) return null;
    if (!entry.isDirectory) {
      return new UnsafeHomeError(`Cannot use ${home}: it is not a directory`, { hint });
    }
    const names = [...READER.list(home)];
    if (names.includes("client") || names.includes("server")) return null;
    // What a file system or a file manager leaves by itself.
    if (names.every((name) => name.startsWith(".") || name === "lost+found")) return null;
    return new UnsafeHomeError(
      `Cannot use ${home}: it is no home of authsome, and there is something else in it`,
      { hint },
    );
  } catch (error) {
    if (error instanceof UnsafeHomeError) return error;
    throw error;
  }
}

/** Windows has neither numeric users nor modes: the profile's access list stands in. [not run] */
const READER: HomeReader = {
  uid: Deno.build.os === "windows" ? null : Deno.uid(),
  lstat(path) {
    try {
      return Deno.lstatSync(path);
    } catch (cause) {
      if (cause instanceof Deno.errors.NotFound) return null;
      throw unreadable(path, cause);
    }
  },
  list(dir) {
    try {
      return Deno.readDirSync(dir).map((entry) => entry.name).toArray();
    } catch (cause) {
      if (cause instanceof Deno.errors.NotFound) return [];
      throw unreadable(dir, cause);
    }
  },
};

function makeDirectory(dir: string): void {
  try {
    // The mode is given at birth; the umask can only narrow it. Parents above the home alike.
    Deno.mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw unwritable(dir, cause);
  }
}

/** Whoever starts the daemon first makes it; others find it. Only its reader can enrol an identity. */
function createRegistrationToken(path: string): void {
  try {
    // O_EXCL: neither a token that exists nor a symlink is written through.
    using file = Deno.openSync(path, { createNew: true, write: true, mode: 0o600 });
    const token = crypto.getRandomValues(new Uint8Array(TOKEN_BYTES)).toHex();
    file.writeSync(new TextEncoder().encode(`${token}\n`));
    file.syncSync();
  } catch (cause) {
    if (cause instanceof Deno.errors.AlreadyExists) return;
    throw unwritable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): UnsafeHomeError {
  return new UnsafeHomeError(`Cannot look at ${path}: ${reason(cause)}`, {
    hint: "Set AUTHSOME_HOME to a directory of your own",
    cause,
  });
}

function unwritable(path: string, cause: unknown): StoreUnavailableError {
  return new StoreUnavailableError(`Cannot make ${path}: ${reason(cause)}`, {
    hint: "Make room or mend the permissions, or set AUTHSOME_HOME to a directory of your own",
    cause,
  });
}

/** `Permission denied (os error 13): mkdir '/x'` → `permission denied`. */
function reason(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  const bare = text.replace(/ \(os error \d+\).*$/s, "");
  return bare.charAt(0).toLowerCase() + bare.slice(1);
}
