/**
 * The permission flags of the two processes, as data, each with the reason for it.
 *
 * The flags that come to mind first (`--allow-net=127.0.0.1` and the home) leak: module loading,
 * inherited variables and SIGUSR1 pass them by. What closes each hole has a test that tries it, in
 * `tests/security/the_daemon_cannot_leave_loopback_or_its_home_test.ts`.
 *
 * @module
 */
import type { ModuleEntries } from "./module_entries.ts";

/** One flag and why it is there. */
export interface Flag {
  readonly flag: string;
  readonly reason: string;
}

/** Ports that the daemon's process may use on 127.0.0.1. */
export interface DaemonPorts {
  /** To listen on; 0 lets the system choose. */
  readonly port: number;
  /** The relay's, to connect to. */
  readonly relayPort: number;
}

/** A package's versions are exact and were checked when they were cached. */
const INSTALLED: readonly Flag[] = [
  { flag: "--no-config", reason: "a deno.json lying about must not change what is loaded" },
  { flag: "--no-lock", reason: "nor a deno.lock" },
];

function ofCheckout(config: string): Flag[] {
  return [
    { flag: `--config=${config}`, reason: "the import map of this checkout, no other" },
    {
      flag: "--frozen",
      reason: "deno.lock is read, because the cache holds what it names, and never written",
    },
  ];
}

/** What both processes get. */
export function commonFlags(entries: ModuleEntries): Flag[] {
  return [
    { flag: "--quiet", reason: "the log holds our lines only" },
    { flag: "--no-prompt", reason: "a denied permission throws instead of asking nobody" },
    {
      flag: "--cached-only",
      reason: "import() of npm:, jsr: and https: goes past --allow-net; this stops all three",
    },
    {
      flag: `--allow-import=${importHost(entries)}`,
      reason: "replaces the default list of hosts that modules may come from with our own or none",
    },
    ...(entries.config === null ? INSTALLED : ofCheckout(entries.config)),
  ];
}

/** The daemon's: two ports of one address and one directory, nothing else. */
export function daemonFlags(entries: ModuleEntries, server: string, ports: DaemonPorts): Flag[] {
  return [
    ...commonFlags(entries),
    {
      flag: "--v8-flags=--max-semi-space-size=1",
      reason: "the nursery of the heap stays at 1 MB: 5 MB less when idle, and no slower",
    },
    {
      flag: `--allow-net=127.0.0.1:${ports.port},127.0.0.1:${ports.relayPort}`,
      reason: "its own port and the relay's; not even the other services of this machine",
    },
    {
      flag: `--allow-read=${server}`,
      reason: "the vault; client/ with the identity keys is beside it",
    },
    {
      flag: `--allow-write=${server}`,
      reason: "the vault, the audit log, its own state",
    },
  ];
}

/**
 * The relay's: the network and no file, no variable, no process. Private ranges are judged in the
 * relay, because the owner may allow one (`register --allow-private`) while it runs; what nobody may
 * allow is denied here as well, by the runtime, after it has resolved a name.
 */
export function relayFlags(entries: ModuleEntries): Flag[] {
  return [
    ...commonFlags(entries),
    { flag: "--allow-net", reason: "to dial the providers" },
    {
      flag:
        "--deny-net=0.0.0.0,169.254.0.0/16,100.100.100.200,168.63.129.16,224.0.0.0/4,240.0.0.0/4",
      reason: "metadata services, link-local and multicast addresses; IPv6 is judged in code",
    },
  ];
}

/** Where the entry itself comes from when it was installed; a dead port for a checkout. */
function importHost({ daemon }: ModuleEntries): string {
  const { protocol, host, port } = new URL(daemon);
  if (protocol === "file:") return "127.0.0.1:9";
  return port === "" ? `${host}:443` : host;
}
