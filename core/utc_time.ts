/**
 * A moment as `Date.toISOString()` spells it (RFC 3339, in UTC, to the millisecond).
 *
 * Spelled out here, for what every run says of itself: the first `toISOString` of a process brings
 * about a megabyte of the runtime's program into memory, for as long as the run lasts.
 *
 * @module
 */

/** `2026-11-22T16:04:05.678Z`, for the years 0 to 9999. */
export function utcTime(date: Date): string {
  const day = [
    padded(date.getUTCFullYear(), 4),
    padded(date.getUTCMonth() + 1, 2),
    padded(date.getUTCDate(), 2),
  ];
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()];
  const milliseconds = padded(date.getUTCMilliseconds(), 3);
  return `${day.join("-")}T${time.map((part) => padded(part, 2)).join(":")}.${milliseconds}Z`;
}

function padded(value: number, digits: number): string {
  return String(value).padStart(digits, "0");
}
