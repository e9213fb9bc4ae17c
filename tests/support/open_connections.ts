/**
 * Connections that are open at the ports of a test. How many files this process has open would not say
 * it: the files of the test run that are run at the same time are in the same process.
 *
 * @module
 */

/** Kinds of sockets that the system lists. */
const TABLES = ["tcp", "tcp6", "udp", "udp6", "unix", "netlink"] as const;

/**
 * Ends of connections from and to these ports on 127.0.0.1 that a process holds, and sockets of this
 * process that are dead and were not closed: what was reset is in no table. 0 without `/proc`.
 */
export function openConnections(...ports: readonly number[]): number {
  if (Deno.build.os !== "linux") return 0;
  const held = heldSockets();
  const tables = TABLES.map(tableOf);
  const listed = new Set(tables.flatMap((text) => text.match(/\d+/g) ?? []));
  const dead = held.filter((inode) => !listed.has(inode));
  const ours = new Set(ports.map((port) => port.toString(16).toUpperCase().padStart(4, "0")));
  const open = tables[0]!.split("\n").filter((row) => {
    const [, local = "", remote = "", , , , , , , inode] = row.trim().split(/\s+/);
    const isOurs = ours.has(local.split(":")[1] ?? "") || ours.has(remote.split(":")[1] ?? "");
    return isOurs && inode !== "0";
  });
  return open.length + dead.length;
}

/** Inodes of the sockets that this process has open. */
function heldSockets(): string[] {
  return [...Deno.readDirSync("/proc/self/fd")].flatMap(({ name }) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(Deno.readLinkSync(`/proc/self/fd/${name}`))?.[1] ?? [];
    } catch {
      return []; // closed meanwhile
    }
  });
}

function tableOf(kind: typeof TABLES[number]): string {
  try {
    return Deno.readTextFileSync(`/proc/net/${kind}`);
  } catch {
    return ""; // a system without it
  }
}
