/**
 * A real HTTPS API on this machine, known as `api.acme.test` to those who trust its certificate
 * authority, that remembers the `Authorization` header of each request.
 *
 * @module
 */
import {
  distinguishedName,
  extension,
  generateCertificateKey,
  signCertificate,
} from "../proxy/certificate.ts";
import { type CertificateAuthority, createAuthority } from "../proxy/certificate_authority.ts";
import { implicit, pem, sequence } from "../proxy/der.ts";

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
export function startLocalApi(key: string): LocalApi {
  const authority = createAuthority({ hosts: [API_HOST] });
  const received: string[] = [];
  const stopped = new AbortController();
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    ...certify(API_HOST, authority),
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
    rootCertificate: authority.certificatePem,
    received,
    stop: async () => {
      stopped.abort();
      await server.finished;
    },
  };
}

/** A server certificate for `host` and its key, PEM. */
function certify(host: string, authority: CertificateAuthority): { cert: string; key: string } {
  const key = generateCertificateKey();
  const subjectAlternativeName = "2.5.29.17";
  const dnsName = implicit(2, new TextEncoder().encode(host));
  const der = signCertificate({
    issuer: authority.name,
    subject: distinguishedName("authsome example", host),
    key,
    notBefore: new Date(Date.now() - 3_600_000),
    notAfter: authority.notAfter,
    extensions: [extension(subjectAlternativeName, false, sequence(dnsName))],
  }, authority.key.privateKey);
  return {
    cert: pem("CERTIFICATE", der),
    key: key.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}
