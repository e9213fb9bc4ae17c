/**
 * A client behind an `authsome run`: the run's child waits, and the test itself speaks through its
 * proxy, so that it knows to the moment when each request began.
 *
 * @module
 */
import { ACME_HOST, type AcmeHome } from "./acme_home.ts";
import { type BackgroundRun, startRun } from "./background_run.ts";
import type { ReachableProxy } from "./http2_peers.ts";
import { RawConnection } from "./raw_connection.ts";

/** A run, and connections through it. */
export interface RunClient extends ReachableProxy {
  readonly run: BackgroundRun;
  /** TLS to the API through the run's proxy. */
  open(): Promise<RawConnection>;
  /** Asks for `target` on such a connection; gives the status of the answer. */
  get(connection: RawConnection, target: string): Promise<number>;
}

const CHILD = 'echo "$HTTPS_PROXY"; echo "$SSL_CERT_FILE"; read line; exit 0';

/** Another API than that of the home. */
export interface OtherApi {
  readonly port: number;
  readonly authorityPem: string;
}

/** Starts the run. Its end is the caller's: `run.finish()`. */
export async function startRunClient(acme: AcmeHome, api: OtherApi = acme.api): Promise<RunClient> {
  const roots = await Deno.makeTempFile({ dir: acme.directory, suffix: ".pem" });
  await Deno.writeTextFile(roots, api.authorityPem);
  const run = startRun(acme, CHILD, { SSL_CERT_FILE: roots }, { apiPort: api.port });
  const { port: portText, username, password } = new URL(await run.line());
  const certificatePem = await Deno.readTextFile(await run.line());
  const port = Number(portText);
  const authorization = `Proxy-Authorization: Basic ${btoa(`${username}:${password}`)}\r\n`;
  return {
    run,
    proxy: { port, authority: { certificatePem } },
    authorization,
    open: async () => {
      const conn = await Deno.connect({ hostname: "127.0.0.1", port });
      conn.setNoDelay(true);
      const raw = new RawConnection(conn);
      await raw.write(
        `CONNECT ${ACME_HOST}:443 HTTP/1.1\r\nHost: ${ACME_HOST}:443\r\n${authorization}\r\n`,
      );
      const head = await raw.readHead();
      if (!head.startsWith("HTTP/1.1 200 ")) throw new Error(head);
      const tls = await Deno.startTls(conn, {
        hostname: ACME_HOST,
        caCerts: splitRoots(certificatePem),
        alpnProtocols: ["http/1.1"],
      });
      await tls.handshake();
      return new RawConnection(tls);
    },
    get: async (connection, target) => {
      await connection.write(`GET ${target} HTTP/1.1\r\nHost: ${ACME_HOST}\r\n\r\n`);
      const { head } = await connection.readAnswer();
      return Number(head.slice(9, 12));
    },
  };
}

function splitRoots(bundle: string): string[] {
  return bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}
