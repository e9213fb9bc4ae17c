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

/** Whether the client is a Java process with `secret` in its environment. */
export async function isJavaOfThisRun(peer: PeerAddress, secret: Secret): Promise<boolean> {
  if (!CAN_RECOGNISE_PEERS) return false;
  const inode = (await SocketTable.read()).inodeOf(peer);
  if (inode === null) return false;
  for await (const entry of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(entry.name)) continue;
    const directory = `/proc/${entry.name}`;
    if (await isRuntime(directory) && await holdsSecret(directory, secret)) {
      if (await hasOpen(directory, `socket:[${inode}]`)) return true;
    }
  }
  return false;
}

async function isRuntime(directory: string): Promise<boolean> {
  const program = await Deno.readLink(`${directory}/exe`).catch(() => "");
  return RUNTIMES.has(program.slice(program.lastIndexOf("/") + 1));
}

async function holdsSecret(directory: string, secret: Secret): Promise<boolean> {
  const environment = await Deno.readTextFile(`${directory}/environ`).catch(() => "");
  return environment.includes(secret.reveal());
}

async function hasOpen(directory: string, file: string): Promise<boolean> {
  try {
    for await (const entry of Deno.readDir(`${directory}/fd`)) {
      const target = await Deno.readLink(`${directory}/fd/${entry.name}`).catch(() => "");
      if (target === file) return true;
    }
  } catch {
    // It has just ended.
  }
  return false;
}
