/**
 * Trust anchors for upstream TLS besides the runtime's own: what `SSL_CERT_FILE` names.
 *
 * @module
 */
import { UsageError } from "../core/errors.ts";

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The certificates of a PEM text, one text each. */
export function splitPem(text: string): string[] {
  return text.match(CERTIFICATE) ?? [];
}

const HINT = "Give a readable PEM file, or run: unset SSL_CERT_FILE";

/**
 * The certificates in `path` that the runtime does not trust anyway. `SSL_CERT_FILE` often names the
 * system's whole store, and every anchor given costs time in every handshake.
 *
 * @throws {UsageError} when the file cannot be read or holds no certificate.
 */
export async function readExtraRoots(path: string | undefined): Promise<string[]> {
  if (path === undefined || path === "") return [];
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (cause) {
    throw new UsageError(`Cannot read SSL_CERT_FILE: ${path} is not a readable file`, {
      cause,
      hint: HINT,
    });
  }
  const found = splitPem(text);
  if (found.length === 0) {
    throw new UsageError(`Cannot read SSL_CERT_FILE: ${path} holds no certificate`, { hint: HINT });
  }
  const { rootCertificates } = await import("node:tls");
  const known = new Set(rootCertificates.map(essence));
  return found.filter((certificate) => !known.has(essence(certificate)));
}

function essence(pem: string): string {
  return pem.replace(/-----[^-]+-----|\s/g, "");
}
