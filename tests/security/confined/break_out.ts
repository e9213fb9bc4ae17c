/**
 * Runs inside a process that is confined like the daemon and tries to get out of it. Prints one JSON
 * object: what each attempt came to. Not a test by itself.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { closeOnInspectorSignal } from "../../../daemon/inspector_signal.ts";
import { readBootLine } from "../../../daemon/boot_line.ts";

closeOnInspectorSignal();

/** What the test says about the surroundings. */
export interface Surroundings {
  /** The only directory that may be used. */
  readonly server: string;
  /** A directory beside it, with a file `outside.txt`. */
  readonly outside: string;
  /** Own port and the relay's. */
  readonly port: number;
  readonly relayPort: number;
  /** A port of another service on this machine, which counts requests. */
  readonly otherPort: number;
  /** The parent's process id. */
  readonly parent: number;
}

const at = await readBootLine<Surroundings>();
const outcomes: Record<string, string> = {};

/** A refusal comes at once, or as soon as a busy machine lets it. */
const PATIENCE_MS = 60_000;

async function attempt(name: string, action: () => unknown): Promise<void> {
  const patience = Promise.withResolvers<string>();
  const timer = setTimeout(() => patience.resolve("ALLOWED: no refusal"), PATIENCE_MS);
  const tried = (async () => `ALLOWED: ${String(await action()).slice(0, 80)}`)();
  outcomes[name] = await Promise.race([tried.catch(describe), patience.promise]);
  clearTimeout(timer);
}

/** A refusal is one of the runtime's; whatever else went wrong got past the permission check. */
function describe(error: unknown): string {
  const { name, message } = error as Error;
  const refused = error instanceof Deno.errors.NotCapable || /--cached-only/.test(message) ||
    /Requires \w+ access/.test(message) || /EPERM|not found in cache/i.test(message) ||
    /Failed loading .* for package/.test(message) ||
    /too many attached databases - max 0/.test(message);
  return `${refused ? "refused" : "ALLOWED"}: ${name}: ${message.split("\n")[0]!.slice(0, 120)}`;
}

const outsideFile = `${at.outside}/outside.txt`;

await attempt("may: write inside", () => Deno.writeTextFile(`${at.server}/in.txt`, "x"));
await attempt("may: read inside", () => Deno.readTextFile(`${at.server}/in.txt`));
await attempt("may: listen on its port", () => {
  Deno.listen({ hostname: "127.0.0.1", port: at.port }).close();
});
await attempt("may: reach the relay", async () => {
  (await Deno.connect({ hostname: "127.0.0.1", port: at.relayPort })).close();
});
await attempt("may: sqlite inside", async () => {
  const { DatabaseSync } = await import("node:sqlite");
  new DatabaseSync(`${at.server}/x.db`).exec("create table if not exists t(a)");
});

await attempt("read /etc/passwd", () => Deno.readTextFile("/etc/passwd"));
await attempt("read beside the home", () => Deno.readTextFile(outsideFile));
await attempt("read through ..", () => Deno.readTextFile(`${at.server}/../../outside/outside.txt`));
await attempt("list the home's other half", () => [...Deno.readDirSync(`${at.server}/../client`)]);
await attempt("write outside", () => Deno.writeTextFile(outsideFile, "x"));
await attempt("node:fs read", async () => (await import("node:fs")).readFileSync("/etc/passwd"));
await attempt("make a symlink", () => Deno.symlink("/etc/passwd", `${at.server}/link`));
await attempt("make a hard link", () => Deno.link(outsideFile, `${at.server}/hard`));
await attempt(
  "rename out of the home",
  () => Deno.rename(`${at.server}/in.txt`, `${at.outside}/x`),
);
await attempt("read /proc/self/environ", () => Deno.readTextFile("/proc/self/environ"));
await attempt("read the parent's memory map", () => Deno.readTextFile(`/proc/${at.parent}/maps`));
await attempt("chdir", () => Deno.chdir("/"));

const sqlite = await import("node:sqlite");
const database = () => new sqlite.DatabaseSync(`${at.server}/x.db`, { allowExtension: true });
await attempt("sqlite outside", () => new sqlite.DatabaseSync(`${at.outside}/x.db`));
await attempt("sqlite ATTACH outside", () => database().exec(`ATTACH '${at.outside}/y.db' AS y`));
await attempt("sqlite VACUUM INTO outside", () => database().exec(`VACUUM INTO '${at.outside}/z'`));
await attempt("sqlite load extension", () => database().loadExtension("/nowhere.so"));

await attempt("connect elsewhere", () => Deno.connect({ hostname: "192.0.2.1", port: 443 }));
await attempt("connect to localhost", () => Deno.connect({ hostname: "localhost", port: at.port }));
await attempt("connect to ::1", () => Deno.connect({ hostname: "::1", port: at.port }));
await attempt("connect to 127.0.0.2", () => Deno.connect({ hostname: "127.0.0.2", port: at.port }));
await attempt(
  "connect to another local service",
  () => Deno.connect({ hostname: "127.0.0.1", port: at.otherPort }),
);
await attempt("fetch elsewhere", () => fetch("https://192.0.2.1/"));
await attempt("fetch another local service", () => fetch(`http://127.0.0.1:${at.otherPort}/`));
await attempt("fetch through a proxy", () =>
  fetch("https://192.0.2.1/", {
    client: Deno.createHttpClient({ proxy: { url: `http://127.0.0.1:${at.relayPort}` } }),
  }));
await attempt("fetch 2130706433", () => fetch(`http://2130706433:${at.otherPort}/`));
await attempt("resolve a name", () => Deno.resolveDns("example.com", "A"));
await attempt("node:dns", async () => (await import("node:dns/promises")).lookup("example.com"));
await attempt("node:net", async () => {
  const net = await import("node:net");
  return await new Promise((resolve, reject) => {
    net.connect(at.otherPort, "127.0.0.1").on("connect", resolve).on("error", reject);
  });
});
await attempt("node:http", async () => {
  const http = await import("node:http");
  return await new Promise((resolve, reject) => {
    http.get(`http://127.0.0.1:${at.otherPort}/`, resolve).on("error", reject);
  });
});
await attempt("listen on every address", () => Deno.listen({ hostname: "0.0.0.0", port: 0 }));
await attempt("listen on another port", () => {
  Deno.listen({ hostname: "127.0.0.1", port: at.port === 65535 ? 1025 : at.port + 1 });
});
await attempt("unix socket inside", () => {
  Deno.listen({ transport: "unix", path: `${at.server}/s.sock` });
});
await attempt("unix socket outside", () => {
  return Deno.connect({ transport: "unix", path: "/var/run/docker.sock" });
});
await attempt("WebSocket elsewhere", () =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${at.otherPort}/`);
    socket.onopen = resolve;
    socket.onerror = (event) => reject(new Error((event as ErrorEvent).message));
  }));

await attempt("spawn", () => new Deno.Command("/bin/ls").output());
await attempt("spawn itself", () => new Deno.Command(Deno.execPath()).output());
await attempt("node:child_process", async () => {
  return (await import("node:child_process")).execFileSync("/bin/ls");
});
await attempt("kill the parent", () => Deno.kill(at.parent, "SIGCONT"));
await attempt("read a variable", () => Deno.env.get("HOME"));
await attempt("read all variables", () => Deno.env.toObject());
await attempt("set a variable", () => Deno.env.set("NODE_OPTIONS", "--inspect"));
await attempt("hostname", () => Deno.hostname());
await attempt("uid", () => Deno.uid());
await attempt("umask", () => Deno.umask(0));
await attempt("node:os user", async () => (await import("node:os")).userInfo());
await attempt("ffi", () => Deno.dlopen("libc.so.6", {}));
await attempt("process.dlopen", async () => {
  const { default: process } = await import("node:process");
  // A native addon is machine code: it would void every other refusal.
  (process as unknown as { dlopen(module: unknown, path: string): void })
    .dlopen({ exports: Buffer.alloc(0) }, `${at.server}/in.txt`);
});
await attempt("ask for a permission", async () => {
  const { state } = await Deno.permissions.request({ name: "net" });
  if (state !== "granted") throw new Deno.errors.NotCapable(state);
});

// Computed, so that neither the checker nor the cache sees them beforehand.
const load = (specifier: string) => import(specifier);
await attempt("import https", () => load("https://192.0.2.1/x.js"));
await attempt("import http from loopback", () => load(`http://127.0.0.1:${at.otherPort}/x.js`));
await attempt("import npm", () => load("npm:authsome-is-not-on-npm@1.0.0"));
await attempt("import jsr", () => load("jsr:@authsome/not-on-jsr@1.0.0"));
await attempt("import a file outside", () => load(`file://${outsideFile}`));
await attempt("worker that imports from loopback", () =>
  new Promise((resolve, reject) => {
    const source = `import("http://127.0.0.1:${at.otherPort}/w.js")` +
      `.then(() => postMessage("loaded"), (error) => postMessage(String(error)))`;
    const url = `data:text/javascript,${encodeURIComponent(source)}`;
    const worker = new Worker(url, { type: "module" });
    worker.onmessage = ({ data }) => {
      worker.terminate();
      if (data === "loaded") resolve(data);
      else reject(new Error(data));
    };
  }));

// What SIGUSR1 would do, asked for from inside.
await attempt("open the inspector", async () => {
  const inspector = await import("node:inspector");
  inspector.open(at.otherPort, "127.0.0.1");
  return inspector.url();
});

await new Blob([JSON.stringify(outcomes)]).stream().pipeTo(Deno.stdout.writable);
Deno.exit(0);
