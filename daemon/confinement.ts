/**
 * The daemon checks its own confinement: it tries what it must not be able to do, and looks over the
 * part of the home that it sees. Flags that are missing, or that a later runtime reads differently,
 * show up here and not in an incident.
 *
 * Not tried: a worker with permissions of its own (the runtime ends the process, exit code 70, for
 * asking) and SIGUSR1 (it ends the process by design). The test suite tries both from outside.
 *
 * @module
 */
import { auditHome } from "../core/home_audit.ts";
import type { HomePaths } from "../core/paths.ts";

/** What a self-test found. */
export interface Confinement {
  readonly ok: boolean;
  /** Names of the things that should have been refused and were not. */
  readonly allowed: readonly string[];
}

/** Something forbidden, done in a way that harms nothing where it is allowed after all. */
interface Probe {
  readonly name: string;
  readonly attempt: (paths: HomePaths) => unknown;
  /** True when a compiled daemon may do it: its ports are not known when it is compiled. */
  readonly allowedWhenCompiled?: true;
}

/** A probe that hangs was not refused: a refusal is immediate, as soon as a busy machine gets to it. */
const PATIENCE_MS = 10_000;

/** TEST-NET-1 (RFC 5737): routed nowhere. */
const NOWHERE = "192.0.2.1";

const PROBES: readonly Probe[] = [
  { name: "connect elsewhere", attempt: () => connect(NOWHERE, 443) },
  { name: "connect by name", attempt: () => connect("localhost", 9) },
  // Port 9 (discard): not ours, not the relay's.
  {
    name: "connect to another local service",
    attempt: () => connect("127.0.0.1", 9),
    allowedWhenCompiled: true,
  },
  { name: "fetch", attempt: () => fetch(`https://${NOWHERE}/`) },
  { name: "resolve a name", attempt: () => Deno.resolveDns("localhost", "A") },
  { name: "listen for other machines", attempt: () => listen("0.0.0.0") },
  { name: "a unix socket", attempt: ({ server }) => connectUnix(`${server.daemon}/none.sock`) },
  { name: "read the file system", attempt: () => Deno.readTextFile("/etc/hosts") },
  { name: "read the identity keys", attempt: ({ client }) => Deno.lstat(client.identities) },
  { name: "read above the home", attempt: ({ server }) => Deno.lstat(`${server.dir}/..`) },
  { name: "write beside server/", attempt: ({ home }) => openToWrite(`${home}/confinement.probe`) },
  { name: "make a symlink", attempt: ({ server }) => makeLink(`${server.daemon}/probe.link`) },
  { name: "change directory", attempt: () => Deno.chdir("/") },
  { name: "start a process", attempt: () => new Deno.Command(Deno.execPath()).spawn().kill() },
  { name: "read the environment", attempt: () => Deno.env.get("PATH") },
  { name: "read all of the environment", attempt: () => Deno.env.toObject() },
  { name: "load a library", attempt: () => Deno.dlopen("none.so", {}) },
  { name: "ask the system who we are", attempt: () => Deno.uid() },
  { name: "ask the system's name", attempt: () => Deno.hostname() },
  // Two answers from one address on which nothing listens: refused because it may not be imported
  // from, and refused because nothing new may be loaded at all.
  { name: "import from the web", attempt: () => importModule("http://127.0.0.1:1/probe.js") },
  { name: "load a new module", attempt: () => importModule("http://127.0.0.1:9/probe.js") },
  { name: "import a file outside", attempt: () => importModule("file:///etc/probe.js") },
];

/** Tries everything forbidden; takes a few milliseconds and reaches nothing. */
export async function selfTest(paths: HomePaths): Promise<Confinement> {
  const probes = PROBES.filter((probe) => !(Deno.build.standalone && probe.allowedWhenCompiled));
  const refused = await Promise.all(probes.map((probe) => isRefused(probe, paths)));
  const allowed = probes.filter((_, index) => !refused[index]).map(({ name }) => name);
  return { ok: allowed.length === 0, allowed };
}

async function isRefused({ attempt }: Probe, paths: HomePaths): Promise<boolean> {
  const { promise: patience, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), PATIENCE_MS);
  try {
    const attempted = (async () => {
      await attempt(paths);
      return false;
    })();
    return await Promise.race([attempted.catch(isRefusal), patience]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Module loading reports its refusals as a TypeError; only the words tell it from a dead port. A
 * package installed from JSR may not even name another site's module.
 */
function isRefusal(error: unknown): boolean {
  if (error instanceof Deno.errors.NotCapable) return true;
  return error instanceof TypeError &&
    /^Requires (?:import|read) access|--cached-only|blocked\. JSR packages cannot/.test(
      error.message,
    );
}

async function connect(hostname: string, port: number): Promise<void> {
  (await Deno.connect({ hostname, port })).close();
}

async function connectUnix(path: string): Promise<void> {
  (await Deno.connect({ transport: "unix", path })).close();
}

function listen(hostname: string): void {
  Deno.listen({ hostname, port: 0 }).close();
}

async function openToWrite(path: string): Promise<void> {
  // Without `create`: where writing is allowed this fails with NotFound and leaves nothing.
  (await Deno.open(path, { write: true })).close();
}

function makeLink(path: string): void {
  Deno.symlinkSync("/etc/hosts", path);
  Deno.removeSync(path);
}

async function importModule(url: string): Promise<void> {
  await import(url);
}

/**
 * Looks over `server/`, all that the daemon sees. It may not ask for its own user number, so a file it
 * makes is what everything else's owner is compared with.
 *
 * @throws {UnsafeHomeError} for a symlink, a foreign owner or a wide mode, naming the path and the
 * command that mends it.
 */
export function auditServer(paths: HomePaths): void {
  const uid = Deno.build.os === "windows" ? null : ownUid(paths);
  auditHome(paths.server.dir, {
    uid,
    lstat(path) {
      try {
        return Deno.lstatSync(path);
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return null;
        throw error;
      }
    },
    list: (dir) => Deno.readDirSync(dir).map((entry) => entry.name),
  });
}

function ownUid(paths: HomePaths): number | null {
  const probe = `${paths.server.daemon}/owner.${crypto.randomUUID()}.tmp`;
  try {
    using file = Deno.openSync(probe, { createNew: true, write: true, mode: 0o600 });
    return file.statSync().uid;
  } finally {
    try {
      Deno.removeSync(probe);
    } catch {
      // Never made: the error above says why.
    }
  }
}
