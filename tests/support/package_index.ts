/**
 * An npm registry and a Python package index, each with the one package `acme-hello`: what
 * `npm install` and `pip install` ask for, and nothing more.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { crc32, gzipSync } from "node:zlib";

/** Answers a request below the path of a registry, or null when it has no such thing. */
export type PackageIndex = (path: string, origin: string) => Response | null;

const NAME = "acme-hello";

/** The registry of npm: a document about the package, and its archive. */
export function npmRegistry(): PackageIndex {
  const manifest = { name: NAME, version: "1.0.0", main: "index.js" };
  const archive = Uint8Array.from(gzipSync(tar({
    "package/package.json": JSON.stringify(manifest),
    "package/index.js": "module.exports = 'hello';\n",
  })));
  const file = `${NAME}/-/${NAME}-1.0.0.tgz`;
  return (path, base) => {
    if (path === file) return new Response(archive);
    if (path !== NAME) return null;
    const integrity = `sha512-${createHash("sha512").update(archive).digest("base64")}`;
    const version = { ...manifest, dist: { tarball: `${base}/${file}`, integrity } };
    return Response.json({
      name: NAME,
      "dist-tags": { latest: "1.0.0" },
      versions: { "1.0.0": version },
    });
  };
}

/** An index as PEP 503 says: a page of links for the package, and a wheel. */
export function pythonIndex(): PackageIndex {
  const wheel = zip({
    "acme_hello.py": "GREETING = 'hello'\n",
    "acme_hello-1.0.0.dist-info/METADATA":
      "Metadata-Version: 2.1\nName: acme-hello\nVersion: 1.0.0\n",
    "acme_hello-1.0.0.dist-info/WHEEL":
      "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "acme_hello-1.0.0.dist-info/RECORD":
      "acme_hello.py,,\nacme_hello-1.0.0.dist-info/METADATA,,\nacme_hello-1.0.0.dist-info/WHEEL,,\nacme_hello-1.0.0.dist-info/RECORD,,\n",
  });
  const file = "acme_hello-1.0.0-py3-none-any.whl";
  return (path, base) => {
    if (path === `simple/${NAME}/`) {
      return new Response(`<!DOCTYPE html><a href="${base}/${file}">${file}</a>`, {
        headers: { "content-type": "text/html" },
      });
    }
    return path === file ? new Response(wheel) : null;
  };
}

/** A POSIX tar archive. */
function tar(files: Readonly<Record<string, string>>): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (const [name, text] of Object.entries(files)) {
    const content = new TextEncoder().encode(text);
    const header = new Uint8Array(512);
    const write = (at: number, value: string) => header.set(new TextEncoder().encode(value), at);
    write(0, name);
    write(100, "0000644\0");
    write(124, `${content.length.toString(8).padStart(11, "0")}\0`);
    write(136, "00000000000\0");
    write(148, "        ");
    write(156, "0");
    write(257, "ustar\x0000");
    const sum = header.reduce((total, byte) => total + byte, 0);
    write(148, `${sum.toString(8).padStart(6, "0")}\0 `);
    blocks.push(header, content, new Uint8Array((512 - content.length % 512) % 512));
  }
  blocks.push(new Uint8Array(1024));
  return join(blocks);
}

/** A zip archive with nothing compressed. */
function zip(files: Readonly<Record<string, string>>): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const [name, text] of Object.entries(files)) {
    const [path, content] = [name, text].map((value) => new TextEncoder().encode(value));
    const sizes = fields([4, crc32(content!)], [4, content!.length], [4, content!.length]);
    // Version 2.0, no flags, stored, 1 January 1980.
    const common = join([fields([2, 20], [2, 0], [2, 0], [2, 0], [2, 0x21]), sizes]);
    const local = [fields([4, 0x04034b50]), common, fields([2, path!.length], [2, 0]), path!];
    directory.push(
      fields([4, 0x02014b50], [2, 20]),
      common,
      fields([2, path!.length], [2, 0], [2, 0], [2, 0], [2, 0], [4, 0], [4, at]),
      path!,
    );
    const entry = join([...local, content!]);
    parts.push(entry);
    at += entry.length;
  }
  const index = join(directory);
  const count = Object.keys(files).length;
  const end = fields(
    [4, 0x06054b50],
    [2, 0],
    [2, 0],
    [2, count],
    [2, count],
    [4, index.length],
    [4, at],
    [2, 0],
  );
  return join([...parts, index, end]);
}

/** Little-endian numbers: how many bytes, and the value. */
function fields(...numbers: readonly (readonly [2 | 4, number])[]): Uint8Array {
  const bytes = new Uint8Array(numbers.reduce((total, [size]) => total + size, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [size, value] of numbers) {
    if (size === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += size;
  }
  return bytes;
}

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
