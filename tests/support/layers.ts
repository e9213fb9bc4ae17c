/**
 * Which part of the code may import which. Layers point down; `tests/architecture_test.ts` compares
 * these lists with the real imports, and `docs/architecture.md` explains them.
 *
 * @module
 */

/** A layer: a folder, or one of the two entry files. */
export type Layer =
  | "core"
  | "providers"
  | "daemon/vault"
  | "daemon/records"
  | "daemon/oauth"
  | "daemon/flows"
  | "daemon/broker"
  | "daemon/middleware"
  | "daemon/openapi"
  | "daemon/routes"
  | "daemon/dashboard"
  | "daemon/egress"
  | "daemon/relay"
  | "daemon"
  | "client"
  | "proxy"
  | "cli"
  | "cli.ts"
  | "mod.ts";

/** What each layer may import besides itself. */
export const MAY_IMPORT: Readonly<Record<Layer, readonly Layer[]>> = {
  core: [],
  providers: ["core"],
  "daemon/vault": ["core"],
  "daemon/records": ["core", "daemon/vault"],
  // Never the vault, never the records: what speaks to providers does not know what is kept.
  "daemon/oauth": ["core"],
  "daemon/flows": ["core", "daemon/oauth"],
  "daemon/broker": ["core", "daemon/records", "daemon/flows", "daemon/oauth"],
  "daemon/middleware": ["core", "daemon/broker", "daemon/records"],
  "daemon/openapi": ["core"],
  "daemon/routes": ["core", "daemon/broker", "daemon/middleware", "daemon/openapi"],
  "daemon/dashboard": ["core", "daemon/broker", "daemon/middleware"],
  "daemon/egress": ["core"],
  "daemon/relay": ["core"],
  daemon: [
    "core",
    "providers",
    "daemon/vault",
    "daemon/records",
    "daemon/oauth",
    "daemon/flows",
    "daemon/broker",
    "daemon/middleware",
    "daemon/openapi",
    "daemon/routes",
    "daemon/dashboard",
    "daemon/egress",
    "daemon/relay",
  ],
  client: ["core"],
  proxy: ["core", "client"],
  cli: ["core", "client", "proxy"],
  "cli.ts": ["core", "cli"],
  "mod.ts": ["core", "client"],
};

/** An arrow that the rules forbid and the code needs. */
export interface AllowedArrow {
  /** File that imports; a folder with a slash at its end stands for every file below it. */
  readonly from: string;
  /** File that is imported. */
  readonly to: string;
  readonly reason: string;
}

/** The exceptions, each with its reason. One that is no longer used fails the test. */
export const ALLOWED_ARROWS: readonly AllowedArrow[] = [
  {
    from: "cli.ts",
    to: "daemon/main.ts",
    reason: "only a type: `deno install` caches what it leads to, so that the daemon can start",
  },
  {
    from: "cli.ts",
    to: "daemon/relay_main.ts",
    reason: "only a type: `deno install` caches what it leads to, so that the relay can start",
  },
  {
    from: "cli/completion/complete_names.ts",
    to: "providers/mod.ts",
    reason: "a shell that completes a provider's name starts no daemon to ask for it",
  },
  {
    from: "daemon/broker/",
    to: "daemon/vault/vault.ts",
    reason: "the broker carries the vault to the records: the interface, never a store",
  },
  {
    from: "daemon/egress/",
    to: "daemon/relay_protocol.ts",
    reason: "the words that the relay and the daemon exchange belong to neither of them",
  },
  {
    from: "daemon/egress/",
    to: "daemon/relay/head.ts",
    reason: "one reader of bounded HTTP heads for both ends of the tunnel",
  },
  {
    from: "daemon/relay/",
    to: "daemon/relay_protocol.ts",
    reason: "the words that the relay and the daemon exchange belong to neither of them",
  },
  {
    from: "mod.ts",
    to: "daemon/vault/vault.ts",
    reason: "the library offers the vault's interface to those who write a store",
  },
  {
    from: "mod.ts",
    to: "daemon/vault/memory_vault.ts",
    reason: "the library offers the in-memory double to those who test against it",
  },
];

/** The layer a file belongs to, `null` for tests, benchmarks, examples and tools. */
export function layerOf(path: string): Layer | null {
  if (path === "cli.ts" || path === "mod.ts") return path;
  const [first, second, ...rest] = path.split("/");
  if (first === "daemon" && rest.length > 0) return known(`daemon/${second}`);
  return second === undefined ? null : known(first!);
}

function known(name: string): Layer | null {
  return Object.hasOwn(MAY_IMPORT, name) ? name as Layer : null;
}
