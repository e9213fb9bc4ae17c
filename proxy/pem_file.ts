/**
 * A file of certificates, taken as it is: several hundred kilobytes that a run copies and nobody
 * reads, so that they never become text.
 *
 * @module
 */

/** What such a file holds. */
export interface PemFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

const MARK = new TextEncoder().encode("-----BEGIN CERTIFICATE-----");

/** Reads it; null when it cannot be read or holds no certificate. */
export function readPemFile(path: string): PemFile | null {
  try {
    const bytes = Deno.readFileSync(path);
    return holdsCertificate(bytes) ? { path, bytes } : null;
  } catch {
    return null; // its program would have failed on it
  }
}

/** The files without those that hold what another one holds: variables often name one store. */
export function distinctFiles(files: readonly PemFile[]): PemFile[] {
  return files.filter((file, index) => files.findIndex((other) => isSame(file, other)) === index);
}

function isSame(a: PemFile, b: PemFile): boolean {
  if (a.path === b.path) return true;
  return a.bytes.length === b.bytes.length && a.bytes.every((byte, at) => byte === b.bytes[at]);
}

function holdsCertificate(bytes: Uint8Array): boolean {
  const first = MARK[0]!;
  for (let at = bytes.indexOf(first); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if (MARK.every((byte, index) => bytes[at + index] === byte)) return true;
  }
  return false;
}
