/**
 * Who is at the other end of a connection on loopback. Java can be told a proxy's address but no
 * password for it, so a Java program of the run is recognised by its process instead: it holds the
 * run's secret in its environment, and the connection is among its open files.
 *
 * Linux only (`/proc`). No other runtime is let in this way: they can all send the secret, and a
 * process of another run, of another user, or of nobody's never holds it.
 *
 * @module
 */
import type { Secret } from "../core/secret.ts";
import { type PeerAddress, SocketTable } from "./socket_table.ts";

/** Whether this machine can tell. */
export const CAN_RECOGNISE_PEERS: boolean = Deno.build.os === "linux";

const RUNTIMES: ReadonlySet<string> = new Set(["java"]);

/**
 * Whether the client is a Java process with `secret` in its environment. Anybody can have us look, and
 * does whenever a program asks without the secret first. So the dear part comes last: whose connection
 * it is takes ten milliseconds to find out, and in most runs there is no such process at all. That is
 * found without waiting for each file: waiting takes five times the processor time.
 */
export async function isJavaOfThisRun(peer: PeerAddress, secret: Secret): Promise<boolean> {
  if (!CAN_RECOGNISE_PEERS) return false;
  const programs = namesIn("/proc").filter((name) => /^\d+$/.test(name))
    .map((name) => `/proc/${name}`).filter((directory) => isOfThisRun(directory, secret));
  if (programs.length === 0) return false;
  const inode = (await SocketTable.read()).inodeOf(peer);
  if (inode === null) return false;
  return programs.some((directory) =>
    // Once more: its number may be another one's by now.
    hasOpen(directory, `socket:[${inode}]`) && isOfThisRun(directory, secret)
  );
}

function isOfThisRun(directory: string, secret: Secret): boolean {
  return isRuntime(directory) && holdsSecret(directory, secret);
}

function isRuntime(directory: string): boolean {
  const program = readable(() => Deno.readLinkSync(`${directory}/exe`)) ?? "";
  return RUNTIMES.has(program.slice(program.lastIndexOf("/") + 1));
}

function holdsSecret(directory: string, secret: Secret): boolean {
  const environment = readable(() => Deno.readTextFileSync(`${directory}/environ`)) ?? "";
  return environment.includes(secret.reveal());
}

function hasOpen(directory: string, file: string): boolean {
  return namesIn(`${directory}/fd`).some((name) =>
    readable(() => Deno.readLinkSync(`${directory}/fd/${name}`)) === file
  );
}

function namesIn(directory: string): readonly string[] {
  return readable(() => [...Deno.readDirSync(directory)].map(({ name }) => name)) ?? [];
}

/** Null for a process that has just ended, or is somebody else's. */
function readable<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
