/**
 * X.509 certificates (RFC 5280) with P-256 keys and ECDSA signatures (RFC 5480, RFC 5758): what the
 * authority and its leaves have in common.
 *
 * Keys and signatures come from node:crypto, which is loaded for TLS anyway; the first WebCrypto key
 * on this curve costs 30 ms.
 *
 * @module
 */
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { sha256 } from "../core/sha256.ts";
import {
  bitString,
  concat,
  type Der,
  integer,
  isTrue,
  objectIdentifier,
  octetString,
  sequence,
  set,
  tagged,
  time,
  utf8String,
} from "./der.ts";

/** A key pair with its encoded public key. */
export interface CertificateKey {
  readonly privateKey: KeyObject;
  /** SubjectPublicKeyInfo. */
  readonly publicKeyInfo: Der;
  /** RFC 7093 section 2, method 1: 160 bits of the public key's SHA-256. A name, no security. */
  readonly identifier: Der;
}

/** What a certificate says. */
export interface CertificateFacts {
  readonly issuer: Der;
  readonly subject: Der;
  readonly key: CertificateKey;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly extensions: readonly Der[];
}

const ECDSA_WITH_SHA256 = sequence(objectIdentifier("1.2.840.10045.4.3.2"));
/** Length of an uncompressed P-256 point, the end of its SubjectPublicKeyInfo. */
const POINT_BYTES = 65;
const IDENTIFIER_BYTES = 20;

/** A fresh key. */
export function generateCertificateKey(): CertificateKey {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const publicKeyInfo = Uint8Array.from(publicKey.export({ type: "spki", format: "der" }));
  const point = publicKeyInfo.subarray(-POINT_BYTES);
  return {
    privateKey,
    publicKeyInfo,
    identifier: sha256(point).slice(0, IDENTIFIER_BYTES),
  };
}

/** The certificate, signed. */
export function signCertificate(facts: CertificateFacts, signer: KeyObject): Der {
  const toBeSigned = sequence(
    tagged(0, integer(Uint8Array.of(2))), // version 3
    integer(serialNumber()),
    ECDSA_WITH_SHA256,
    facts.issuer,
    sequence(time(facts.notBefore), time(facts.notAfter)),
    facts.subject,
    facts.key.publicKeyInfo,
    tagged(3, sequence(...facts.extensions)),
  );
  const signature = Uint8Array.from(sign("sha256", toBeSigned, signer));
  return sequence(toBeSigned, ECDSA_WITH_SHA256, bitString(signature));
}

/** RFC 5280 section 4.1.2.2: positive, unique, at most 20 octets. */
function serialNumber(): Uint8Array {
  const random = crypto.getRandomValues(new Uint8Array(16));
  return concat([Uint8Array.of(0x40 | (random[0]! & 0x3f)), random.subarray(1)]);
}

/** A distinguished name of organization and common name. */
export function distinguishedName(organization: string, commonName: string): Der {
  const attribute = (type: string, value: string) =>
    set(sequence(objectIdentifier(type), utf8String(value)));
  return sequence(attribute("2.5.4.10", organization), attribute("2.5.4.3", commonName));
}

/** One extension. */
export function extension(identifier: string, isCritical: boolean, value: Uint8Array): Der {
  return sequence(
    objectIdentifier(identifier),
    ...(isCritical ? [isTrue()] : []),
    octetString(value),
  );
}
