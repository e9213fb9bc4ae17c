/**
 * A registry on 127.0.0.1 that speaks as much of JSR's protocol as `deno publish` and `deno install`
 * use: three routes of the API, the files of each version, and the two lists that name them.
 *
 * It keeps what was published in memory, so that it can be stopped and started again at one address.
 *
 * @module
 */
import { tarFiles } from "./tar_files.ts";

/** A registry; for `JSR_URL`. */
export interface JsrRegistry {
  /** With a trailing slash, as Deno wants it. */
  readonly url: string;
  /** Path of each file of a version and its size in bytes, as published. */
  published(version: string): ReadonlyMap<string, number>;
  /** Ends it; what was installed has to do without. */
  stop(): Promise<void>;
  /** Starts it again, at the same address. */
  start(): void;
}

/** Bytes by path: what the registry serves. */
type Store = Map<string, Uint8Array>;

const VERSIONS = /^\/api\/scopes\/([^/]+)\/packages\/([^/]+)\/versions\/([^/]+)$/;
const PACKAGE = /^\/api\/scopes\/([^/]+)\/packages\/([^/]+)$/;

/** Starts an empty registry on a free port. */
export function startJsrRegistry(): JsrRegistry {
  const store: Store = new Map();
  let port = 0;
  let server: Deno.HttpServer<Deno.NetAddr> | null = null;
  const start = () => {
    server = Deno.serve(
      { hostname: "127.0.0.1", port, onListen() {} },
      (request) => answer(store, request),
    );
    port = server.addr.port;
  };
  start();
  return {
    url: `http://127.0.0.1:${port}/`,
    published: (version) => filesOf(store, version),
    start,
    async stop() {
      await server?.shutdown();
      server = null;
    },
  };
}

async function answer(store: Store, request: Request): Promise<Response> {
  const path = decodeURIComponent(new URL(request.url).pathname);
  const upload = VERSIONS.exec(path);
  if (upload !== null && request.method === "POST") {
    const [, scope, name, version] = upload;
    await keep(store, `/@${scope}/${name}`, version!, await request.bytes());
    return Response.json({ id: "1", status: "success", error: null });
  }
  if (path.startsWith("/api/publish_status/")) {
    return Response.json({ id: "1", status: "success", error: null });
  }
  const known = PACKAGE.exec(path);
  if (known !== null) {
    return Response.json({ scope: known[1], name: known[2], githubRepository: null });
  }
  const bytes = store.get(path);
  if (bytes === undefined) return Response.json({ code: "notFound" }, { status: 404 });
  return new Response(bytes as BodyInit, { headers: { "content-type": contentType(path) } });
}

/** Keeps one version: its files, the list of them with their sums, the list of versions. */
async function keep(
  store: Store,
  root: string,
  version: string,
  tarball: Uint8Array,
): Promise<void> {
  const files = await tarFiles(tarball);
  const manifest: Record<string, { size: number; checksum: string }> = {};
  for (const [path, bytes] of files) {
    store.set(`${root}/${version}${path}`, bytes);
    const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as BufferSource));
    manifest[path] = { size: bytes.length, checksum: `sha256-${sum.toHex()}` };
  }
  const { exports } = readJson(files.get("/deno.json"));
  store.set(`${root}/${version}_meta.json`, writeJson({ manifest, exports }));
  const before = store.get(`${root}/meta.json`);
  const versions = before === undefined ? {} : readJson(before).versions;
  store.set(
    `${root}/meta.json`,
    writeJson({ latest: version, versions: { ...versions, [version]: {} } }),
  );
}

function filesOf(store: Store, version: string): Map<string, number> {
  return new Map(
    [...store]
      .map(([path, bytes]) => [path.split(`/${version}/`)[1] ?? "", bytes.length] as const)
      .filter(([path]) => path !== ""),
  );
}

function contentType(path: string): string {
  if (path.endsWith(".json")) return "application/json";
  return /\.tsx?$/.test(path) ? "text/typescript" : "text/plain";
}

// deno-lint-ignore no-explicit-any
function readJson(bytes: Uint8Array | undefined): any {
  return JSON.parse(new TextDecoder().decode(bytes));
}

function writeJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
