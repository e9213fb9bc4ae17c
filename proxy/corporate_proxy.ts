/**
 * The proxy that the owner's own environment names (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`): the
 * run proxy chains through it, with Basic authentication where the URL has a user name.
 *
 * Not implemented: proxies spoken to over TLS (`https://`), SOCKS, CIDR ranges in `NO_PROXY`.
 *
 * @module
 */
import { UsageError } from "../core/errors.ts";
import { Secret } from "../core/secret.ts";

/** A proxy on the way out. */
export interface CorporateProxy {
  readonly hostname: string;
  readonly port: number;
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
 * Reads the variables; the lower-case spelling wins, as in curl. A variable of an outer run names
 * that run's proxy, so runs nest.
 *
 * @throws {UsageError} for a URL that cannot be used, naming the variable.
 */
export function readCorporateProxies(
  read: (name: string) => string | undefined,
): CorporateProxies {
  const https = parseProxy(read, "https_proxy");
  // Upper-case HTTP_PROXY is read too: no request header becomes a variable here (httpoxy is about CGI).
  const http = parseProxy(read, "http_proxy");
  const exceptions = parseExceptions(read("no_proxy") ?? read("NO_PROXY") ?? "");
  const isDirect = (host: string, port: number) =>
    exceptions.some((exception) => covers(exception, host, port));
  return {
    forTunnel: (host, port) => isDirect(host, port) ? null : https,
    forPlain: (host, port) => isDirect(host, port) ? null : http,
  };
}

function parseProxy(
  read: (name: string) => string | undefined,
  name: string,
): CorporateProxy | null {
  const upper = name.toUpperCase();
  const [used, text] = read(name) ? [name, read(name)!] : [upper, read(upper) ?? ""];
  if (text.trim() === "") return null;
  const withScheme = text.includes("://") ? text.trim() : `http://${text.trim()}`;
  const url = URL.canParse(withScheme) ? new URL(withScheme) : null;
  if (url === null || url.protocol !== "http:" || url.hostname === "") {
    // The value may hold a password: it is not shown.
    throw new UsageError(`Cannot use ${used}: it is not a URL of the form http://HOST:PORT`, {
      hint: `unset ${used}, or name a proxy that is spoken to over plain HTTP`,
    });
  }
  return {
    hostname: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? 80 : Number(url.port),
    authorization: url.username === "" ? null : basic(url),
  };
}

function basic(url: URL): Secret {
  const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return new Secret(`Basic ${new TextEncoder().encode(pair).toBase64()}`);
}

interface Exception {
  /** Without a leading dot; `*` covers everything. */
  readonly suffix: string;
  readonly port: number | null;
}

function parseExceptions(text: string): Exception[] {
  return text.split(/[\s,]+/).filter((entry) => entry !== "").map((entry) => {
    const parts = /^(\[[^\]]+\]|[^:]*|.*:.*:.*?)(?::(\d+))?$/.exec(entry.toLowerCase())!;
    return {
      suffix: parts[1]!.replace(/^\*?\./, "").replace(/^\[|\]$/g, ""),
      port: parts[2] === undefined ? null : Number(parts[2]),
    };
  });
}

function covers(exception: Exception, host: string, port: number): boolean {
  if (exception.port !== null && exception.port !== port) return false;
  const { suffix } = exception;
  return suffix === "*" || host === suffix || host.endsWith(`.${suffix}`);
}
