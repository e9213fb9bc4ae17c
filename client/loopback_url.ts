/**
 * Telling this machine from others.
 *
 * @module
 */

/** Whether a URL can only mean this machine. */
export function isLoopbackUrl(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d+){3}$/.test(hostname);
}
