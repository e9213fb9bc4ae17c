/**
 * Certificates for the hosts that are decrypted, signed by the run's authority when they are first
 * asked for, or before (`sign_ahead.ts`). One key serves all of them, and the TLS context of each
 * certificate is kept, because it holds the ticket key that sessions are resumed with.
 *
 * The hosts right below a wildcard share one certificate with its name, where that was signed before:
 * nobody waits for a signature, however many there are. Of others without number those used last are
 * kept.
 *
 * @module
 */
import tls from "node:tls";
import {
  type CertificateKey,
  distinguishedName,
  extension,
  generateCertificateKey,
  signCertificate,
} from "./certificate.ts";
import type { CertificateAuthority } from "./certificate_authority.ts";
import {
  bitString,
  type Der,
  implicit,
  objectIdentifier,
  octetString,
  pem,
  sequence,
} from "./der.ts";

/** How to keep leaves. */
export interface LeafOptions {
  readonly now?: () => Date;
  readonly lifetimeDays?: number;
}

const DAY_MS = 86_400_000;
const BACKDATE_MS = 3_600_000;
/** Apple's platforms refuse leaves above 398 days; a few days are plenty for a run. */
const DEFAULT_LIFETIME_DAYS = 7;
/** A leaf in its last tenth is replaced, so that no connection starts with one about to end. */
const RENEW_AT = 0.9;
/** Longest common name (RFC 5280 appendix A.1); a longer host stands in the alternative name alone. */
const MAX_COMMON_NAME = 64;

/**
 * Spares Deno from reading our own P-256 key again to see whether it is long enough, which takes 50
 * times as long as everything else here. What is offered to clients does not depend on it.
 */
const OWN_KEY_IS_STRONG = "DEFAULT:@SECLEVEL=0";

const DIGITAL_SIGNATURE = bitString(Uint8Array.of(0x80), 7);
const SERVER_AUTHENTICATION = "1.3.6.1.5.5.7.3.1";

/** What all leaves say alike. */
const COMMON_EXTENSIONS: readonly Der[] = [
  extension("2.5.29.19", true, sequence()),
  extension("2.5.29.15", true, DIGITAL_SIGNATURE),
  extension("2.5.29.37", false, sequence(objectIdentifier(SERVER_AUTHENTICATION))),
];

/** A certificate and its key, PEM. */
export interface IssuedLeaf {
  readonly certificatePem: string;
  readonly keyPem: string;
}

/** Hosts that are kept: contexts take memory, and a run may go on for days. */
const MAX_LEAVES = 1_000;

/** Labels that a wildcard stands for at every client: OpenSSL's takes no underscore. */
const PLAIN_LABEL = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;

interface Leaf {
  /** Null until it is connected to: contexts take memory. */
  context: tls.SecureContext | null;
  readonly certificatePem: string;
  /** Before this the clock was set back: the certificate is not valid yet. */
  readonly validFrom: number;
  readonly renewAt: number;
}

/** The leaves of one run. */
export class LeafCertificates {
  readonly #authority: CertificateAuthority;
  readonly #permitted: ReadonlySet<string>;
  readonly #options: Required<LeafOptions>;
  readonly #leaves = new Map<string, Leaf>();
  #key: LeafKey | null = null;

  /** Makes nothing yet. */
  constructor(authority: CertificateAuthority, options: LeafOptions = {}) {
    this.#authority = authority;
    this.#permitted = new Set(authority.permitted);
    this.#options = {
      now: options.now ?? (() => new Date()),
      lifetimeDays: options.lifetimeDays ?? DEFAULT_LIFETIME_DAYS,
    };
  }

  /** Whether the authority may sign for this host. */
  covers(host: string): boolean {
    for (let name = host;;) {
      if (this.#permitted.has(name)) return true;
      const dot = name.indexOf(".");
      if (dot < 0) return false;
      name = name.slice(dot + 1);
    }
  }

  /** The TLS context of a host. */
  contextFor(host: string): tls.SecureContext {
    const name = this.#nameFor(host);
    const leaf = this.#valid(name) ?? this.#sign(name);
    // Behind all others: the first of a map is the one that was used longest ago.
    this.#leaves.delete(name);
    this.#leaves.set(name, leaf);
    return leaf.context ??= tls.createSecureContext({
      cert: leaf.certificatePem,
      key: this.#leafKey.pem,
      ciphers: OWN_KEY_IS_STRONG,
    });
  }

  /** Makes the key of all leaves, which the first host would have to wait for. */
  makeKey(): void {
    void this.#leafKey;
  }

  /**
   * Signs for a host, or for a wildcard (`*.example.com`), that nobody has asked for yet; whether there
   * was anything to sign.
   */
  signAhead(name: string): boolean {
    if (!this.covers(name) || this.#valid(this.#nameFor(name)) !== null) return false;
    this.#sign(name);
    return true;
  }

  /** Whose certificate a host is shown: its own, or that of a wildcard which was signed ahead. */
  #nameFor(host: string): string {
    if (this.#leaves.has(host)) return host;
    const dot = host.indexOf(".");
    // RFC 9525 section 6.3: a wildcard stands for one label, the first one.
    const wildcard = `*${host.slice(dot)}`;
    return this.#leaves.has(wildcard) && PLAIN_LABEL.test(host.slice(0, dot)) ? wildcard : host;
  }

  #valid(name: string): Leaf | null {
    const now = this.#options.now().getTime();
    const leaf = this.#leaves.get(name);
    return leaf !== undefined && now >= leaf.validFrom && now < leaf.renewAt ? leaf : null;
  }

  #sign(name: string): Leaf {
    const now = this.#options.now().getTime();
    const lifetimeMs = this.#options.lifetimeDays * DAY_MS;
    const leaf: Leaf = {
      context: null,
      certificatePem: this.issue([name]).certificatePem,
      validFrom: now - BACKDATE_MS,
      renewAt: now + lifetimeMs * RENEW_AT,
    };
    this.#leaves.delete(name);
    const [oldest] = this.#leaves.keys();
    if (oldest !== undefined && this.#leaves.size >= MAX_LEAVES) this.#leaves.delete(oldest);
    this.#leaves.set(name, leaf);
    return leaf;
  }

  get #leafKey(): LeafKey {
    return this.#key ??= makeLeafKey();
  }

  /** A certificate for `hosts`. The authority itself is not in it: clients have it already. */
  issue(hosts: readonly [string, ...string[]]): IssuedLeaf {
    const { name, key: authorityKey } = this.#authority;
    const key = this.#leafKey;
    const now = this.#options.now().getTime();
    const [host] = hosts;
    const der = signCertificate({
      issuer: name,
      subject: distinguishedName("authsome", host.length <= MAX_COMMON_NAME ? host : "authsome"),
      key,
      notBefore: new Date(now - BACKDATE_MS),
      notAfter: new Date(now + this.#options.lifetimeDays * DAY_MS),
      extensions: leafExtensions(hosts, key, authorityKey),
    }, authorityKey.privateKey);
    return { certificatePem: pem("CERTIFICATE", der), keyPem: key.pem };
  }
}

/** The key of all leaves, and its PEM: writing that takes half as long as a signature. */
interface LeafKey extends CertificateKey {
  readonly pem: string;
}

function makeLeafKey(): LeafKey {
  const key = generateCertificateKey();
  return { ...key, pem: key.privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
}

function leafExtensions(
  hosts: readonly string[],
  key: CertificateKey,
  authorityKey: CertificateKey,
): Der[] {
  const names = hosts.map((host) => implicit(2, new TextEncoder().encode(host)));
  return [
    ...COMMON_EXTENSIONS,
    extension("2.5.29.17", false, sequence(...names)),
    extension("2.5.29.14", false, octetString(key.identifier)),
    extension("2.5.29.35", false, sequence(implicit(0, authorityKey.identifier))),
  ];
}
