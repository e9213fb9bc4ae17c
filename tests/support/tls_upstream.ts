/**
 * A real HTTPS API on a free port, with a certificate authority of its own, that writes down every
 * request it gets: what arrived is what counts.
 *
 * @module
 */
import { createAuthority } from "../../proxy/certificate_authority.ts";
import { type IssuedLeaf, LeafCertificates } from "../../proxy/leaf_certificates.ts";

/** A request as the API saw it. */
export interface RecordedRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Headers;
  readonly body: string;
}

/** A running API. */
export interface TlsUpstream {
  readonly port: number;
  /** What a client must trust to reach it, PEM. */
  readonly authorityPem: string;
  readonly requests: RecordedRequest[];
  close(): Promise<void>;
}

/** What the API answers; default: 200 with what it saw, as JSON. */
export type Respond = (request: RecordedRequest) => Response | Promise<Response>;

/** Certificates for test servers. */
export interface TestCertificate extends IssuedLeaf {
  readonly authorityPem: string;
}

/** A certificate for these hosts, from a fresh authority. */
export function makeTestCertificate(hosts: readonly [string, ...string[]]): TestCertificate {
  const authority = createAuthority({ hosts });
  const leaf = new LeafCertificates(authority).issue(hosts);
  return { ...leaf, authorityPem: authority.certificatePem };
}

/** Starts an API for `hosts` on 127.0.0.1. */
export function startTlsUpstream(
  hosts: readonly [string, ...string[]],
  respond: Respond = echo,
): TlsUpstream {
  const { certificatePem, keyPem, authorityPem } = makeTestCertificate(hosts);
  return { ...serve(respond, { cert: certificatePem, key: keyPem }), authorityPem };
}

/** Starts the same over plain HTTP. */
export function startPlainUpstream(respond: Respond = echo): Omit<TlsUpstream, "authorityPem"> {
  return serve(respond, {});
}

function serve(
  respond: Respond,
  certificate: { cert: string; key: string } | Record<never, never>,
): Omit<TlsUpstream, "authorityPem"> {
  const requests: RecordedRequest[] = [];
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    ...certificate,
    onListen() {},
  }, async (request) => {
    const url = new URL(request.url);
    const recorded = {
      method: request.method,
      target: url.pathname + url.search,
      // Copied: those of an HTTP/2 request can no longer be read when it is closed.
      headers: new Headers(request.headers),
      body: await request.text(),
    };
    requests.push(recorded);
    return await respond(recorded);
  });
  return { port: server.addr.port, requests, close: () => server.shutdown() };
}

function echo({ method, target, headers, body }: RecordedRequest): Response {
  return Response.json({ method, target, headers: Object.fromEntries(headers), body });
}
