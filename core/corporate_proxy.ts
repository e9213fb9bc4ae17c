/**
 * What `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` say, read the way curl and Go read them.
 *
 * Only `http:` and `https:` proxies are spoken; a SOCKS proxy is refused rather than passed by.
 *
 * @module
 */
import { UsageError } from "./errors.ts";
import { isInside, parseIpAddress } from "./network_address.ts";

/** A proxy that outbound connections go through. */
export interface CorporateProxy {
  /** Whether the proxy itself is spoken to over TLS. */
  readonly tls: boolean;
  readonly host: string;
  readonly port: number;
  /** Value for `Proxy-Authorization`, or null. */
  readonly authorization: string | null;
}

/** The variables that say how to get out. */
export interface ProxyVariables {
  /** For `https:` targets and tunnels. */
  readonly https_proxy: string | null;
  /** For `http:` targets. */
  readonly http_proxy: string | null;
  readonly no_proxy: readonly string[];
}

/**
 * The variables from the environment; lower case wins, as in curl. `HTTP_PROXY` in capitals is read
 * too: nothing here is a CGI program.
 */
export function readProxyVariables(read: (name: string) => string | undefined): ProxyVariables {
  const get = (name: string): string | null => {
    const value = (read(name) || read(name.toUpperCase()) || "").trim();
    return value === "" ? null : value;
  };
  return {
    https_proxy: get("https_proxy") ?? get("all_proxy"),
    http_proxy: get("http_proxy") ?? get("all_proxy"),
    no_proxy: (get("no_proxy") ?? "").split(/[\s,]+/).filter((entry) => entry !== ""),
  };
}

/**
 * A proxy URL (`http://user:password@host:3128`, or `host:3128`) in its parts.
 *
 * @throws {UsageError} when it is no proxy that can be spoken to; the password is not repeated.
 */
export function parseCorporateProxy(text: string): CorporateProxy {
  const full = text.includes("://") ? text : `http://${text}`;
  const url = URL.canParse(full) ? new URL(full) : null;
  if (url === null || url.hostname === "") {
    throw new UsageError("Cannot use HTTPS_PROXY: it is not a URL such as http://host:3128", {
      hint: "Correct it, or to go without a proxy run: unset HTTPS_PROXY https_proxy",
    });
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new UsageError(
      `Cannot use HTTPS_PROXY: ${url.protocol.slice(0, -1)} proxies are not supported`,
      { hint: "Set HTTPS_PROXY to an http:// or https:// proxy" },
    );
  }
  const tls = url.protocol === "https:";
  const user = decode(url.username);
  const credentials = new TextEncoder().encode(`${user}:${decode(url.password)}`);
  return {
    tls,
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? (tls ? 443 : 80) : Number(url.port),
    // RFC 7617: Basic credentials.
    authorization: url.username === "" ? null : `Basic ${credentials.toBase64()}`,
  };
}

/**
 * Whether a connection to `host` goes past the proxy. Entries are `*`, a domain and everything below
 * it (`example.com`, `.example.com`, `*.example.com`), an IP address, a CIDR block; each with an
 * optional `:port`. Loopback always goes past it.
 */
export function bypassesProxy(noProxy: readonly string[], host: string, port: number): boolean {
  const bare = host.toLowerCase().replace(/^\[|\]$/g, "");
  const address = parseIpAddress(bare);
  if (bare === "localhost" || bare.endsWith(".localhost")) return true;
  if (bare === "::1" || (address?.length === 4 && address[0] === 127)) return true;
  return noProxy.some((entry) => matchesEntry(entry.toLowerCase(), bare, address, port));
}

function matchesEntry(
  entry: string,
  host: string,
  address: Uint8Array | null,
  port: number,
): boolean {
  if (entry === "*") return true;
  const [block, bits] = entry.split("/");
  if (bits !== undefined) {
    const prefix = parseIpAddress(block!);
    return prefix !== null && address !== null && /^\d{1,3}$/.test(bits) &&
      Number(bits) <= prefix.length * 8 && isInside(prefix, Number(bits), address);
  }
  const withPort = /^(\[[^\]]+\]|[^:]+):(\d+)$/.exec(entry);
  if (withPort !== null && Number(withPort[2]) !== port) return false;
  const name = (withPort?.[1] ?? entry).replace(/^\[|\]$/g, "");
  if (address !== null) {
    const exact = parseIpAddress(name);
    return exact !== null && isInside(exact, exact.length * 8, address);
  }
  const domain = name.replace(/^\*?\./, "");
  return domain !== "" && (host === domain || host.endsWith(`.${domain}`));
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
