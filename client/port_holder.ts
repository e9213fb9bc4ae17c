/**
 * Who holds a port, for the message that says why the daemon cannot have it.
 *
 * @module
 */

/** Whether a listener could be opened on 127.0.0.1 at this port now. */
export function isPortFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}

/** `nginx (process 4711)`, or null where the system does not tell (another user's process, say). */
export async function portHolder(port: number): Promise<string | null> {
  return Deno.build.os === "linux" ? holderFromProc(port) : await holderFromLsof(port);
}

function holderFromProc(port: number): string | null {
  const inode = listeningInode(port);
  if (inode === null) return null;
  for (const pid of names("/proc").filter((name) => /^\d+$/.test(name))) {
    for (const fd of names(`/proc/${pid}/fd`)) {
      if (readLink(`/proc/${pid}/fd/${fd}`) !== `socket:[${inode}]`) continue;
      return `${readText(`/proc/${pid}/comm`).trim()} (process ${pid})`;
    }
  }
  return null;
}

/** The socket that listens (state 0A) on the port, by its number in the kernel's table. */
function listeningInode(port: number): string | null {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    for (const line of readText(table).split("\n").slice(1)) {
      const fields = line.trim().split(/\s+/);
      if (fields[1]?.endsWith(`:${hex}`) && fields[3] === "0A") return fields[9] ?? null;
    }
  }
  return null;
}

/** [not run]: macOS and the BSDs. */
async function holderFromLsof(port: number): Promise<string | null> {
  if (Deno.build.os === "windows") return null;
  try {
    const { stdout } = await new Deno.Command("lsof", {
      args: ["-nP", `-iTCP:${port}`, "-sTCP:LISTEN", "-Fpc"],
      stderr: "null",
    }).output();
    const text = new TextDecoder().decode(stdout);
    const pid = /^p(\d+)$/m.exec(text)?.[1];
    return pid === undefined ? null : `${/^c(.+)$/m.exec(text)?.[1] ?? "?"} (process ${pid})`;
  } catch {
    return null;
  }
}

function names(dir: string): string[] {
  try {
    return Deno.readDirSync(dir).map((entry) => entry.name).toArray();
  } catch {
    return []; // Ended meanwhile, or another user's.
  }
}

function readLink(path: string): string | null {
  try {
    return Deno.readLinkSync(path);
  } catch {
    return null;
  }
}

function readText(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}
