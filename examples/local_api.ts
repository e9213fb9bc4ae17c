/**
 * A real HTTPS API on this machine, known as `api.acme.test` to those who trust its certificate
 * authority, that remembers the `Authorization` header of each request.
 *
 * @module
 */
import { CertificateAuthority } from "../proxy/certificate_authority.ts";

/** Name in the API's certificate. The top-level domain `test` is nobody's (RFC 2606). */
export const API_HOST = "api.acme.test";

/** The API while it runs. */
export interface LocalApi {
  readonly port: number;
  /** Certificate of the authority that signed the API's, PEM. */
  readonly rootCertificate: string;
  /** `Authorization` headers received, oldest first. */
  readonly received: readonly string[];
  /** Stops listening and drops open connections. */
  stop(): Promise<void>;
}

const NOTES = [
  { id: 1, text: "an agent wrote this list" },
  { id: 2, text: "and never saw the key" },
];

/** Starts the API; requests with another key than `key` are refused with 401. */
export async function startLocalApi(key: string): Promise<LocalApi> {
  const authority = await CertificateAuthority.create([API_HOST]);
  const { certificate, privateKey } = await authority.issueLeaf(API_HOST);

  const received: string[] = [];
  const stopped = new AbortController();
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    cert: certificate,
    key: privateKey,
    signal: stopped.signal,
    onListen: () => {},
  }, (request) => {
    const authorization = request.headers.get("authorization") ?? "";
    received.push(authorization);
    return authorization === `Bearer ${key}`
      ? Response.json(NOTES)
      : Response.json({ error: "this key is not known here" }, { status: 401 });
  });
  return {
    port: server.addr.port,
    rootCertificate: authority.certificate,
    received,
    stop: async () => {
      stopped.abort();
      await server.finished;
    },
  };
}
