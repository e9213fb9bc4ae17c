/**
 * A moment as a person reads it, with the exact one for machines and whoever points at it.
 *
 * @module
 */
import type { Child } from "@hono/hono/jsx";

const UNITS = [["day", 86_400], ["hour", 3_600], ["minute", 60]] as const;

/** `3 hours ago`, `in 2 days`. */
export function Time({ at, now }: { readonly at: string; readonly now: Date }): Child {
  const exact = new Date(at);
  return <time datetime={at} title={showExact(exact)}>{showRelative(exact, now)}</time>;
}

/** The exact moment, in the time zone that logs are in. */
export function showExact(at: Date): string {
  return `${at.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** The largest unit only, rounded down. */
export function showRelative(at: Date, now: Date): string {
  const seconds = Math.floor((at.getTime() - now.getTime()) / 1000);
  const size = Math.abs(seconds);
  const unit = UNITS.find(([, length]) => size >= length);
  if (unit === undefined) return seconds > 0 ? "in a moment" : "just now";
  const [name, length] = unit;
  const count = Math.floor(size / length);
  const text = `${count} ${name}${count === 1 ? "" : "s"}`;
  return seconds > 0 ? `in ${text}` : `${text} ago`;
}
