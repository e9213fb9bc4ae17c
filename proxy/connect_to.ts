/**
 * `--connect-to HOST:PORT:ADDR:PORT`, as in curl: dial another address for a host. TLS is still
 * verified for the host, so it moves a connection and never a credential.
 *
 * @module
 */
import { canonicalHost } from "../core/host_pattern.ts";
import { UsageError } from "../core/errors.ts";

/** One `--connect-to`. */
export interface ConnectTo {
  readonly host: string;
  readonly port: number;
  readonly address: string;
  readonly addressPort: number;
}

const FORM = /^([A-Za-z0-9._-]+):(\d{1,5}):(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/;

/**
 * Reads the argument of `--connect-to`.
 *
 * @throws {UsageError} when it has another form.
 */
export function parseConnectTo(text: string): ConnectTo {
  const parts = FORM.exec(text);
  const host = parts === null ? null : canonicalHost(parts[1]!);
  const ports = [Number(parts?.[2]), Number(parts?.[4])];
  if (parts === null || host === null || ports.some((port) => !(port >= 1 && port <= 65535))) {
    throw new UsageError(`Cannot use --connect-to: ${text} is not HOST:PORT:ADDRESS:PORT`, {
      hint: "For example: --connect-to api.example.com:443:127.0.0.1:8443",
    });
  }
  return {
    host,
    port: ports[0]!,
    address: parts[3]!.replace(/^\[|\]$/g, ""),
    addressPort: ports[1]!,
  };
}
