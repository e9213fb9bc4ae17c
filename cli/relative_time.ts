/**
 * Times as people say them.
 *
 * @module
 */

const UNITS = [["d", 86_400], ["h", 3_600], ["m", 60], ["s", 1]] as const;

/** `expires in 3h`, `expired 2d ago`: the largest unit only, rounded down. */
export function describeExpiry(expires_at: Date, now: Date): string {
  const seconds = Math.floor((expires_at.getTime() - now.getTime()) / 1000);
  return seconds > 0 ? `expires in ${duration(seconds)}` : `expired ${duration(-seconds)} ago`;
}

/** `1m 20s`, for waiting. */
export function describeWait(ms: number): string {
  const seconds = Math.max(Math.ceil(ms / 1000), 0);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m ${seconds % 60}s`;
}

function duration(seconds: number): string {
  for (const [unit, size] of UNITS) {
    if (seconds >= size) return `${Math.floor(seconds / size)}${unit}`;
  }
  return "0s";
}
