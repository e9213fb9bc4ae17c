/**
 * Reads when something began: `30m`, `12h`, `7d` ago, or a date.
 *
 * @module
 */
import { UsageError } from "../core/errors.ts";

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };

/** The time that `text` means. @throws {UsageError} when it means none. */
export function readSince(text: string, now: Date): Date {
  const ago = /^(\d{1,6})([smhdw])$/.exec(text);
  if (ago !== null) return new Date(now.getTime() - Number(ago[1]) * UNITS[ago[2]!]! * 1000);
  const time = /^\d{4}-\d\d-\d\d([T ].*)?$/.test(text) ? Date.parse(text) : NaN;
  if (!Number.isNaN(time)) return new Date(time);
  throw new UsageError(`Cannot read the time ${JSON.stringify(text)}: that is not a time`, {
    hint: "For example --since 12h, or --since 2026-11-21",
  });
}
