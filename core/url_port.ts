/**
 * The port that a URL leads to.
 *
 * @module
 */

/** The port it names, or that of its scheme: 80 for `http:`, 443 for any other (RFC 9110 section 4.2). */
export function portOf({ port, protocol }: URL): number {
  if (port !== "") return Number(port);
  return protocol === "http:" ? 80 : 443;
}
