/**
 * What is wrong with a server's certificate, in words: the TLS library's own are for its developers.
 *
 * @module
 */
import { Refusal } from "./fail_closed.ts";

/** What the library says, what it means, and what helps. */
const PROBLEMS: readonly (readonly [pattern: RegExp, meaning: string, hint: string])[] = [
  [/expired/i, "has expired", "Tell whoever runs the server; nothing is sent until it is renewed"],
  [/not ?valid ?yet/i, "is not valid yet", "Check the clock of this machine"],
  [
    /not ?valid ?for/i,
    "is for another name",
    "Check the host name, and what answers in its place: a captive portal, a proxy, a wrong DNS entry",
  ],
  [
    /UnknownIssuer|CaUsedAsEndEntity/,
    "is from an authority that this machine does not trust",
    "Name the file with its root certificate in SSL_CERT_FILE",
  ],
  [/invalid peer certificate|Revoked/, "was refused", "Look at it with openssl s_client"],
];

/** A refusal about the certificate, or null when that is not what `error` is about. */
export function certificateProblem(authority: string, error: unknown): Refusal | null {
  if (!(error instanceof Error) || !/peer certificate/.test(error.message)) return null;
  for (const [pattern, meaning, hint] of PROBLEMS) {
    if (!pattern.test(error.message)) continue;
    const message = `Cannot reach ${authority}: its certificate ${meaning}`;
    return new Refusal(502, "ServerCertificateError", message, { hint, cause: error });
  }
  return null;
}
