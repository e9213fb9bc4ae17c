/**
 * A server that a test scripts byte by byte, over TLS or plain TCP: for what an HTTP library would
 * never send.
 *
 * @module
 */
import { makeTestCertificate } from "./tls_upstream.ts";
import { RawConnection } from "./raw_connection.ts";

/** A running server. */
export interface RawUpstream {
  readonly port: number;
  /** PEM; empty without TLS. */
  readonly authorityPem: string;
  /** Number of connections accepted so far. */
  readonly accepted: () => number;
  close(): Promise<void>;
}

/** Plays the server's part of one connection; it is closed when the script ends. */
export type Script = (connection: RawConnection, index: number) => Promise<void>;

/** A certificate of a server; PEM. */
export type ServerCertificate = Pick<
  ReturnType<typeof makeTestCertificate>,
  "certificatePem" | "keyPem" | "authorityPem"
>;

/** Starts a server for `host`, or with a certificate; with neither it speaks plain TCP. */
export function startRawUpstream(
  host: string | ServerCertificate | null,
  script: Script,
): RawUpstream {
  const certificate = typeof host === "string" ? makeTestCertificate([host]) : host;
  const listener = certificate === null
    ? Deno.listen({ hostname: "127.0.0.1", port: 0 })
    : Deno.listenTls({
      hostname: "127.0.0.1",
      port: 0,
      cert: certificate.certificatePem,
      key: certificate.keyPem,
      alpnProtocols: ["http/1.1"],
    });
  const open = new Set<RawConnection>();
  let accepted = 0;
  const playing: Promise<void>[] = [];
  const accepting = (async () => {
    for await (const conn of listener) {
      const connection = new RawConnection(conn);
      open.add(connection);
      const index = accepted++;
      playing.push(
        script(connection, index).catch(() => {}).finally(() => {
          connection.close();
          open.delete(connection);
        }),
      );
    }
  })();
  return {
    port: (listener.addr as Deno.NetAddr).port,
    authorityPem: certificate?.authorityPem ?? "",
    accepted: () => accepted,
    close: async () => {
      listener.close();
      for (const connection of open) connection.close();
      await accepting;
      await Promise.all(playing);
    },
  };
}
