/**
 * Base64url without padding (RFC 4648 section 5), as JWTs and JWKs have it.
 *
 * An array's own methods where it has them: Node.js 20 has `btoa` and `atob` alone, and Deno loads
 * those with their first call, which every command would wait a millisecond for.
 *
 * @module
 */

/** `bytes` as text. */
export function toBase64Url(bytes: Uint8Array): string {
  if (typeof bytes.toBase64 === "function") {
    return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
  }
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/**
 * The bytes of `text`.
 *
 * @throws {SyntaxError} (in Node.js 20 a `DOMException`) when it is none.
 */
export function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  if (typeof Uint8Array.fromBase64 === "function") {
    return Uint8Array.fromBase64(text, { alphabet: "base64url" });
  }
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
}
