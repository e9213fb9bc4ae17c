/**
 * A certificate for servers of the tests, and the authority to trust it by. Both are made anew in
 * each process that asks: no private key lies in the repository.
 *
 * @module
 */
import {
  distinguishedName,
  extension,
  generateCertificateKey,
  signCertificate,
} from "../../proxy/certificate.ts";
import {
  bitString,
  implicit,
  integer,
  isTrue,
  octetString,
  pem,
  sequence,
} from "../../proxy/der.ts";

/** PEM texts. */
export interface TestCertificate {
  /** What clients trust. */
  readonly root: string;
  readonly certificate: string;
  readonly privateKey: string;
}

/** A certificate for 127.0.0.1, `localhost` and the names given. */
export function createTestCertificate(
  names: readonly string[] = [],
  { notBefore = new Date(Date.now() - 3_600_000), notAfter = new Date(Date.now() + 86_400_000) } =
    {},
): TestCertificate {
  const authority = generateCertificateKey();
  const key = generateCertificateKey();
  const issuer = distinguishedName("authsome tests", "test authority");
  const text = new TextEncoder();
  const root = signCertificate({
    issuer,
    subject: issuer,
    key: authority,
    notBefore: new Date(Date.now() - 86_400_000),
    notAfter: new Date(Date.now() + 86_400_000),
    extensions: [
      extension("2.5.29.19", true, sequence(isTrue(), integer(Uint8Array.of(0)))),
      extension("2.5.29.15", true, bitString(Uint8Array.of(0x06), 1)),
      extension("2.5.29.14", false, octetString(authority.identifier)),
    ],
  }, authority.privateKey);
  const alternativeNames = sequence(
    implicit(7, Uint8Array.of(127, 0, 0, 1)),
    ...["localhost", ...names].map((name) => implicit(2, text.encode(name))),
  );
  const certificate = signCertificate({
    issuer,
    subject: distinguishedName("authsome tests", "127.0.0.1"),
    key,
    notBefore,
    notAfter,
    extensions: [
      extension("2.5.29.19", true, sequence()),
      extension("2.5.29.17", false, alternativeNames),
      extension("2.5.29.35", false, sequence(implicit(0, authority.identifier))),
    ],
  }, authority.privateKey);
  return {
    root: pem("CERTIFICATE", root),
    certificate: pem("CERTIFICATE", certificate),
    privateKey: key.privateKey.export({ type: "pkcs8", format: "pem" }) as string,
  };
}
