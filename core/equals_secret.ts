/**
 * Comparing what a caller sent with a secret, without telling by the time it takes how much of it
 * was right.
 *
 * @module
 */

/** Whether `given` is `secret`; the time depends on the length of `given` alone. */
export function equalsSecret(given: string, secret: string): boolean {
  const a = new TextEncoder().encode(given);
  const b = new TextEncoder().encode(secret);
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ (b[i % b.length] ?? 0);
  return difference === 0;
}
