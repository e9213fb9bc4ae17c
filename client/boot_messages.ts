/**
 * What the two processes are told when they start: read from the settings, `server/config.json` and
 * the environment, plus fresh secrets that live in memory only.
 *
 * @module
 */
import type { DaemonBoot, RelayBoot } from "../core/boot.ts";
import { parseServerConfig, type ReadVariable, type Settings } from "../core/config.ts";
import { parseCorporateProxy, readProxyVariables } from "../core/corporate_proxy.ts";
import { StoreUnavailableError, UsageError } from "../core/errors.ts";
import type { HomePaths } from "../core/paths.ts";
import { VERSION } from "../core/version.ts";
import type { LaunchOptions } from "./launch.ts";
import { findMasterKey } from "./master_key_source.ts";

/** The boot of one pair of processes, but for what is known only when they start. */
export interface BootMessages {
  readonly instance: string;
  readonly masterKey: DaemonBoot["master_key"];
  readonly relayAt: (port: number) => RelayBoot;
  readonly daemonFor: (
    relay: { readonly port: number; readonly pid: number },
    port: number,
  ) => DaemonBoot;
}

/**
 * Collects everything, the passphrase too, before any process starts.
 *
 * @throws {MasterKeyError} see {@linkcode findMasterKey}.
 * @throws {UsageError} for a `server/config.json`, `HTTPS_PROXY` or `SSL_CERT_FILE` that cannot be used.
 */
export async function collectBootMessages(
  settings: Settings,
  paths: HomePaths,
  options: LaunchOptions,
  read: ReadVariable = (name) => Deno.env.get(name),
): Promise<BootMessages> {
  const config = parseServerConfig(readTextIfAny(paths.server.config));
  const outside = outsideOfRun(read);
  const { https_proxy, no_proxy } = readProxyVariables(outside);
  if (https_proxy !== null) parseCorporateProxy(https_proxy);
  const extraRoots = readExtraRoots(outside("SSL_CERT_FILE"));
  const masterKey = await findMasterKey(settings, paths, {
    mode: config.encryption.mode,
    promptPassphrase: options.promptPassphrase,
  });
  const secret = randomHex();
  const instance = randomHex();
  return {
    instance,
    masterKey,
    relayAt: (port) => ({
      port,
      secret,
      allow_private: config.egress.allow_private,
      https_proxy,
      no_proxy,
    }),
    daemonFor: (relay, port) => ({
      home: paths.home,
      host: settings.host,
      port,
      version: VERSION,
      instance,
      master_key: masterKey,
      relay: { port: relay.port, secret, pid: relay.pid },
      extra_roots: extraRoots,
      base_url: settings.serverBaseUrl,
    }),
  };
}

/**
 * Inside `authsome run` the proxy and the trust store of the environment are the run's: a daemon that
 * is started there must not send its refreshes through them, or trust an authority of a child.
 */
function outsideOfRun(read: ReadVariable): ReadVariable {
  return read("AUTHSOME_PROXY_MODE") === "true" ? () => undefined : read;
}

function randomHex(): string {
  return crypto.getRandomValues(new Uint8Array(32)).toHex();
}

function readTextIfAny(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return null;
    throw new StoreUnavailableError(`Cannot read ${path}: it cannot be opened`, { cause });
  }
}

/** Certificates of the file that `SSL_CERT_FILE` names, one PEM text each. */
function readExtraRoots(path: string | undefined): string[] {
  if (path === undefined || path === "") return [];
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (cause) {
    throw new UsageError(`Cannot use SSL_CERT_FILE: ${path} cannot be read`, {
      cause,
      hint: "Give a readable PEM file, or run: unset SSL_CERT_FILE",
    });
  }
  return text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}
