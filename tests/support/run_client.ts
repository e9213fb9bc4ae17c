/**
 * A client behind an `authsome run`: the run's child waits, and the test itself speaks through its
 * proxy, so that it knows to the moment when each request began.
 *
 * @module
 */
import { ACME_HOST, type AcmeHome } from "./acme_home.ts";
import { type BackgroundRun, startRun } from "./background_run.ts";
import { RawConnection } from "./raw_connection.ts";

/** A run, and connections through it. */
export interface RunClient {
  readonly run: BackgroundRun;
  /** TLS to the API through the run's proxy. */
  open(): Promise<RawConnection>;
  /** Asks for `target` on such a connection; gives the status of the answer. */
  get(connection: RawConnection, target: string): Promise<number>;
}

const CHILD = 'echo "$HTTPS_PROXY"; echo "$SSL_CERT_FILE"; read line; exit 0';

/** Starts the run. Its end is the caller's: `run.finish()`. */
export async function startRunClient(acme: AcmeHome): Promise<RunClient> {
  const run = startRun(acme, CHILD, { SSL_CERT_FILE: `${acme.directory}/acme-roots.pem` });
  const proxy = new URL(await run.line());
  const roots = splitRoots(await Deno.readTextFile(await run.line()));
  const secret = btoa(`${proxy.username}:${proxy.password}`);
  return {
    run,
    open: async () => {
      const conn = await Deno.connect({ hostname: "127.0.0.1", port: Number(proxy.port) });
      conn.setNoDelay(true);
      const raw = new RawConnection(conn);
      await raw.write(
        `CONNECT ${ACME_HOST}:443 HTTP/1.1\r\nHost: ${ACME_HOST}:443\r\n` +
          `Proxy-Authorization: Basic ${secret}\r\n\r\n`,
      );
      const head = await raw.readHead();
      if (!head.startsWith("HTTP/1.1 200 ")) throw new Error(head);
      const tls = await Deno.startTls(conn, {
        hostname: ACME_HOST,
        caCerts: roots,
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
