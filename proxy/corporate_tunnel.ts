/**
 * Asks a corporate proxy for a tunnel (RFC 9110 section 9.3.6).
 *
 * @module
 */
import type { CorporateProxy } from "./corporate_proxy.ts";
import { type Duplex, writeAll } from "./duplex.ts";
import { Refusal } from "./fail_closed.ts";
import { latin1Bytes, latin1Text } from "./http1/latin1.ts";

const MAX_ANSWER_BYTES = 16 * 1024;

/**
 * Sends `CONNECT host:port`; when it returns, the connection is the tunnel.
 *
 * @throws {Refusal} 502 when the proxy does not open one, with the status it gave.
 */
export async function askForTunnel(
  connection: Duplex,
  proxy: CorporateProxy,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<void> {
  const authority = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const authorization = proxy.authorization === null
    ? ""
    : `Proxy-Authorization: ${proxy.authorization.reveal()}\r\n`;
  await writeAll(
    connection,
    latin1Bytes(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${authorization}\r\n`),
  );
  const head = await readExactHead(connection);
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? "no HTTP status";
  if (!status.startsWith("2")) {
    throw new Refusal(
      502,
      "EndpointUnreachableError",
      `Cannot reach ${authority}: the HTTPS_PROXY of this machine answered ${status}`,
      status === "407" ? { hint: "Put user name and password into HTTPS_PROXY" } : {},
    );
  }
}

/** Reads up to the empty line and not a byte further: what follows belongs to the tunnel. */
async function readExactHead(connection: Duplex): Promise<string> {
  const bytes: number[] = [];
  const one = new Uint8Array(1);
  while (bytes.length < MAX_ANSWER_BYTES) {
    if (await connection.read(one) === null) break;
    bytes.push(one[0]!);
    if (one[0] === 10 && latin1Text(Uint8Array.from(bytes.slice(-4))) === "\r\n\r\n") {
      return latin1Text(Uint8Array.from(bytes));
    }
  }
  throw new Error("the HTTPS_PROXY of this machine broke off");
}
