/**
 * The proxy that the owner's own environment names (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`,
 * `NO_PROXY`): the run proxy chains through it, with Basic authentication where the URL has a user
 * name, over TLS where it is an `https:` URL. A variable of an outer run names that run's proxy, so
 * runs nest.
 *
 * Not implemented: SOCKS; such a URL is refused rather than passed by.
 *
 * @module
 */
import {
  bypassesProxy,
  type CorporateProxy as ProxyAddress,
  parseCorporateProxy,
  readProxyVariables,
} from "../core/corporate_proxy.ts";
import { Secret } from "../core/secret.ts";

/** A proxy on the way out. */
export interface CorporateProxy extends Omit<ProxyAddress, "authorization"> {
  /** Value of `Proxy-Authorization`, or null. */
  readonly authorization: Secret | null;
}

/** Which connections go through which proxy. */
export interface CorporateProxies {
  /** For TLS and for tunnels. */
  forTunnel(host: string, port: number): CorporateProxy | null;
  /** For `http:` requests, which such a proxy wants in absolute-form. */
  forPlain(host: string, port: number): CorporateProxy | null;
}

/**
 * Reads the variables.
 *
 * @throws {UsageError} for a URL that cannot be used; the value, which may hold a password, is not
 * shown.
 */
export function readCorporateProxies(
  read: (name: string) => string | undefined,
): CorporateProxies {
  const { https_proxy, http_proxy, no_proxy } = readProxyVariables(read);
  const [tunnel, plain] = [withSecret(https_proxy), withSecret(http_proxy)];
  return {
    forTunnel: (host, port) => bypassesProxy(no_proxy, host, port) ? null : tunnel,
    forPlain: (host, port) => bypassesProxy(no_proxy, host, port) ? null : plain,
  };
}

function withSecret(text: string | null): CorporateProxy | null {
  if (text === null) return null;
  const proxy = parseCorporateProxy(text);
  const { authorization } = proxy;
  return { ...proxy, authorization: authorization === null ? null : new Secret(authorization) };
}
