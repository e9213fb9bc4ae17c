/**
 * The servers of `deno task bench_proxy`: nginx, which leaves more of the processors to those who are
 * measured than anything we would write, and one in Go (`bench/go/origin.go`) for what nginx does not
 * do: it reads uploads before it answers, and speaks HTTP/2 with gRPC. Without nginx the one in Go
 * serves all. Both answer 401 to a request without the credential.
 *
 * @module
 */
import { findProgram } from "../tests/support/deno_on_path.ts";
import { accepts, freePort } from "./loopback_port.ts";
import { startGoProgram, writeLeaf } from "./proxy_programs.ts";

/** Where nginx is: on the path, or where Debian puts it. */
const SEARCHED = `${Deno.env.get("PATH") ?? ""}:/usr/sbin`;
/** What a client gets for `/small`, as from the server in Go. */
const SMALL = `{"id":"bench","items":[${Array(10).fill('{"n":1,"ok":true}').join(",")}]}`;

/** What both servers are told. */
export interface OriginOptions {
  /** What `bench/go` was built into. */
  readonly program: string;
  readonly directory: string;
  readonly names: readonly string[];
  /** A host, one of the names, that is the server in Go whatever serves the others. */
  readonly goHost: string;
  /** What they want to see in `Authorization`. */
  readonly credential: string;
  /** Sizes of bodies for `/bytes/N`. */
  readonly sizes: readonly number[];
}

/** Both servers. */
export interface Origin {
  /** Who answers requests for most hosts. */
  readonly name: "nginx" | "Go";
  readonly pid: number;
  /** PEM file of the authorities of both. */
  readonly roots: string;
  /** Where a host's server listens on 127.0.0.1. */
  portOf(host: string): number;
  /** The same in the words of `bench/go`, each port behind `prefix`. */
  addresses(prefix: string): string;
  stop(): Promise<void>;
}

/** Starts them. */
export async function startOrigin(options: OriginOptions): Promise<Origin> {
  const { program, directory, names, goHost, credential } = options;
  const roots = `${directory}/origin.pem`;
  const go = await startGoProgram(program, [
    "origin",
    `-ca=${roots}`,
    `-names=${names.join(",")}`,
    `-credential=${credential}`,
  ]);
  const nginx = await startNginx(options, roots);
  const most = nginx ?? go;
  return {
    name: nginx === null ? "Go" : "nginx",
    pid: most.pid,
    roots,
    portOf: (host) => host === goHost ? go.port : most.port,
    addresses: (prefix) => `${prefix}${most.port},${goHost}=${prefix}${go.port}`,
    stop: async () => {
      await nginx?.stop();
      await go.stop();
    },
  };
}

interface Nginx {
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

/** Null where it is not installed; its authority is added to `roots`. */
async function startNginx(options: OriginOptions, roots: string): Promise<Nginx | null> {
  const path = findProgram("nginx", SEARCHED);
  if (path === null) return null;
  const { program, names } = options;
  const directory = `${options.directory}/nginx`;
  await Deno.mkdir(`${directory}/bytes`, { recursive: true });
  for (const size of options.sizes) {
    await Deno.writeFile(`${directory}/bytes/${size}`, new Uint8Array(size).fill(0x78));
  }
  const leaf = await writeLeaf(program, `${directory}/nginx`, names);
  await Deno.writeTextFile(roots, await Deno.readTextFile(leaf.ca), { append: true });
  const port = freePort();
  const settings = `${directory}/nginx.conf`;
  await Deno.writeTextFile(settings, nginxSettings(options, { directory, port, ...leaf }));
  const child = new Deno.Command(path, {
    args: ["-p", directory, "-e", "stderr", "-c", settings],
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
    // A server has a session of its own, and Linux shares its processors among sessions: in that of
    // the client it would answer a third fewer requests, and each proxy would look the better for it.
    detached: true,
  }).spawn();
  while (!await accepts(port)) await new Promise((resolve) => setTimeout(resolve, 20));
  return {
    pid: child.pid,
    port,
    stop: async () => {
      child.kill("SIGTERM");
      await child.status;
    },
  };
}

interface NginxFiles {
  readonly directory: string;
  readonly port: number;
  readonly certificate: string;
  readonly key: string;
}

/** One worker that never tires of a connection, logs nothing and keeps its files open. */
function nginxSettings({ credential }: OriginOptions, files: NginxFiles): string {
  const { directory, port, certificate, key } = files;
  const user = Deno.uid() === 0 ? "user root;" : "";
  const folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) =>
    `${name}_temp_path ${directory}/${name};`
  );
  return `daemon off; worker_processes 1; ${user} pid ${directory}/pid;
events { worker_connections 4096; }
http {
  ${folders.join(" ")}
  access_log off; keepalive_requests 1000000000; keepalive_timeout 600; open_file_cache max=100;
  server {
    listen 127.0.0.1:${port} ssl backlog=2048;
    ssl_certificate ${certificate}; ssl_certificate_key ${key};
    if ($http_authorization != "${credential}") { return 401; }
    location = /small { default_type application/json; return 200 '${SMALL}'; }
    location /bytes/ { root ${directory}; }
  }
}
`;
}
