/**
 * The certificate authority of one run. Its key lives in memory only and dies with the run, and it
 * can speak for nobody but the hosts of providers: a critical name constraint (RFC 5280 section
 * 4.2.1.10) permits those and excludes every IP address, so that even a child that trusts it cannot
 * be shown a false bank.
 *
 * @module
 */
import { parseHostPattern } from "../core/host_pattern.ts";
import {
  type CertificateKey,
  distinguishedName,
  extension,
  generateCertificateKey,
  signCertificate,
} from "./certificate.ts";
import {
  bitString,
  concat,
  type Der,
  implicit,
  integer,
  isTrue,
  octetString,
  pem,
  sequence,
  tagged,
} from "./der.ts";

/** An authority and what signing needs of it. */
export interface CertificateAuthority {
  /** The certificate, for the child's trust stores. */
  readonly certificatePem: string;
  readonly certificateDer: Der;
  readonly name: Der;
  readonly key: CertificateKey;
  readonly notAfter: Date;
  /** Host names it may sign for, and those below them. */
  readonly permitted: readonly string[];
}

/** How to make an authority. */
export interface AuthorityOptions {
  /** Host patterns (`host_pattern.ts`) it may sign for; a wildcard or regex by its literal end. */
  readonly hosts: readonly string[];
  readonly now?: Date;
  readonly lifetimeDays?: number;
}

const DAY_MS = 86_400_000;
/** Clocks of containers are off by minutes, not by days. */
const BACKDATE_MS = 3_600_000;
/**
 * Longer than any run: a process reads what it trusts once, at its start, so an authority that ended
 * before the run would cut off a program that works. Its key dies with the run anyway.
 */
const DEFAULT_LIFETIME_DAYS = 3653;

/** Key usage bits (RFC 5280 section 4.2.1.3): keyCertSign and cRLSign. */
const SIGN_CERTIFICATES = bitString(Uint8Array.of(0x06), 1);

/** A fresh authority. */
export function createAuthority(
  { hosts, now = new Date(), lifetimeDays = DEFAULT_LIFETIME_DAYS }: AuthorityOptions,
): CertificateAuthority {
  const key = generateCertificateKey();
  const name = distinguishedName("authsome", "authsome run");
  const permitted = permittedDomains(hosts);
  const notAfter = new Date(now.getTime() + lifetimeDays * DAY_MS);
  const der = signCertificate({
    issuer: name,
    subject: name,
    key,
    notBefore: new Date(now.getTime() - BACKDATE_MS),
    notAfter,
    extensions: [
      // A certificate authority with nothing below it but leaves.
      extension("2.5.29.19", true, sequence(isTrue(), integer(Uint8Array.of(0)))),
      extension("2.5.29.15", true, SIGN_CERTIFICATES),
      extension("2.5.29.14", false, octetString(key.identifier)),
      extension("2.5.29.30", true, nameConstraints(permitted)),
    ],
  }, key.privateKey);
  return {
    certificatePem: pem("CERTIFICATE", der),
    certificateDer: der,
    name,
    key,
    notAfter,
    permitted,
  };
}

/** `a.example.com` for itself, `example.com` for `*.example.com`; none twice or below another. */
export function permittedDomains(patterns: readonly string[]): string[] {
  const suffixes = new Set<string>();
  for (const pattern of patterns) {
    const suffix = suffixOf(pattern);
    // IP addresses are excluded below; nothing of them can be permitted as a DNS name.
    if (/[a-z]/.test(suffix) && !suffix.includes(":")) suffixes.add(suffix);
  }
  return [...suffixes].filter((suffix) => !hasParent(suffix, suffixes)).sort();
}

/**
 * Every run waits for several hundred of them, and the daemon has parsed them when the definition was
 * registered: only what cannot be read off is parsed again.
 */
function suffixOf(pattern: string): string {
  if (/^[a-z0-9.-]+$/.test(pattern)) return pattern;
  const behindWildcard = /^[a-z0-9.*_-]*\*[a-z0-9_-]*\.([a-z0-9_-]+\.[a-z0-9._-]+)$/.exec(pattern)
    ?.[1];
  return behindWildcard ?? parseHostPattern(pattern).suffix;
}

function hasParent(suffix: string, all: ReadonlySet<string>): boolean {
  for (let dot = suffix.indexOf("."); dot >= 0; dot = suffix.indexOf(".", dot + 1)) {
    if (all.has(suffix.slice(dot + 1))) return true;
  }
  return false;
}

function nameConstraints(domains: readonly string[]): Der {
  // An empty list of permitted names would permit all: an invalid one permits none.
  const permitted = domains.length > 0 ? domains : ["invalid"];
  const everyAddress = (bytes: number) => sequence(implicit(IP_ADDRESS, new Uint8Array(bytes)));
  return sequence(
    tagged(0, dnsSubtrees(permitted)),
    // Address and mask of all zeros: every IPv4 and every IPv6 address.
    tagged(1, everyAddress(8), everyAddress(32)),
  );
}

/** Choices of a GeneralName (RFC 5280 section 4.2.1.6). */
const DNS_NAME = 2;
const IP_ADDRESS = 7;
/** A subtree with a longer name needs more than one octet for its length (X.690 section 8.1.3). */
const SHORT_NAME = 125;

/**
 * A GeneralSubtree for each domain, one behind the other. They are several hundred, and every run
 * waits for them: written as one text of a character for each octet, which the runtime turns into
 * octets by way of base64 in a tenth of the time that a loop takes in a process this young.
 */
function dnsSubtrees(domains: readonly string[]): Uint8Array {
  const short = domains.filter((domain) => domain.length <= SHORT_NAME);
  const long = domains.filter((domain) => domain.length > SHORT_NAME);
  let octets = "";
  for (const domain of short) {
    const { length } = domain;
    octets += String.fromCharCode(0x30, length + 2, 0x80 | DNS_NAME, length) + domain;
  }
  const ascii = new TextEncoder();
  return concat([
    Uint8Array.fromBase64(btoa(octets)),
    ...long.map((domain) => sequence(implicit(DNS_NAME, ascii.encode(domain)))),
  ]);
}
