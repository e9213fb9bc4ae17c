/**
 * The regular files of a gzipped tar archive (POSIX.1-1988 "ustar" headers).
 *
 * @module
 */
const BLOCK = 512;

/** Contents by path, each path with a leading slash. */
export async function tarFiles(gzipped: Uint8Array): Promise<Map<string, Uint8Array>> {
  const raw = new Blob([gzipped as BlobPart]).stream().pipeThrough(
    new DecompressionStream("gzip"),
  );
  const archive = await new Response(raw).bytes();
  const files = new Map<string, Uint8Array>();
  for (let at = 0; at + BLOCK <= archive.length;) {
    const header = archive.subarray(at, at + BLOCK);
    const name = field(header, 0, 100);
    if (name === "") break;
    const prefix = field(header, 345, 155);
    const size = parseInt(field(header, 124, 12), 8);
    const type = field(header, 156, 1);
    const path = (prefix === "" ? name : `${prefix}/${name}`).replace(/^\.?\//, "");
    const start = at + BLOCK;
    if (type === "" || type === "0") files.set(`/${path}`, archive.slice(start, start + size));
    at = start + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}

/** Text up to the first NUL. */
function field(header: Uint8Array, start: number, length: number): string {
  return new TextDecoder().decode(header.subarray(start, start + length)).split("\0")[0]!;
}
