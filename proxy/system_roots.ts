/**
 * Where a system keeps the certificates it trusts.
 *
 * @module
 */
import { type PemFile, readPemFile } from "./pem_file.ts";

/** Bundles of Linux distributions and BSDs, in the order in which Go looks for them. */
const BUNDLES: readonly string[] = [
  "/etc/ssl/certs/ca-certificates.crt", // Debian, Ubuntu, Arch, Gentoo
  "/etc/pki/tls/certs/ca-bundle.crt", // Fedora, RHEL 6
  "/etc/ssl/ca-bundle.pem", // openSUSE
  "/etc/pki/tls/cacert.pem", // OpenELEC
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // CentOS, RHEL 7
  "/etc/ssl/cert.pem", // Alpine, macOS, FreeBSD
  "/usr/local/etc/ssl/cert.pem", // FreeBSD
  "/usr/local/share/certs/ca-root-nss.crt", // DragonFly
];

/** What the system trusts, PEM. Where no bundle is found: what the runtime ships (Mozilla's list). */
export async function readSystemRoots(): Promise<PemFile> {
  for (const path of BUNDLES) {
    const file = readPemFile(path);
    if (file !== null) return file;
  }
  const { rootCertificates } = await import("node:tls");
  return { path: "", bytes: new TextEncoder().encode(rootCertificates.join("\n")) };
}
