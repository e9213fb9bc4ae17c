/**
 * What `authsome doctor` found out about one thing.
 *
 * @module
 */
import type { Finding } from "../../core/api.ts";
import { tellableError } from "../exit_code.ts";

/** A problem, and the command that mends it. */
export type Problem = Pick<Finding, "severity" | "problem" | "mend">;

/** One thing looked at. */
export interface Check {
  readonly name: string;
  /** `ok`, or what is wrong: a short code of the daemon's, or a sentence. */
  readonly state: string;
  /** What else is known of it, for a person. */
  readonly detail: string | null;
  readonly problems: readonly Problem[];
}

/** All is well. */
export function sound(name: string, detail: string | null = null): Check {
  return { name, state: "ok", detail, problems: [] };
}

/** It does not work. */
export function broken(name: string, problem: string, mend: string): Check {
  return { name, state: problem, detail: null, problems: [{ severity: "broken", problem, mend }] };
}

/** It works, and this is worth knowing. */
export function warned(name: string, detail: string | null, problem: string, mend: string): Check {
  return { name, state: "ok", detail, problems: [{ severity: "warning", problem, mend }] };
}

/** Whether nothing about it is broken. */
export function isSound({ state, problems }: Check): boolean {
  return state === "ok" && problems.every(({ severity }) => severity === "warning");
}

/** The check that `look` makes; what it throws is what is wrong. */
export async function attempt(
  name: string,
  look: () => Promise<Check> | Check,
): Promise<Check> {
  try {
    return await look();
  } catch (thrown) {
    const { problem, mend } = problemOf(thrown);
    return broken(name, problem, mend);
  }
}

/** What was thrown, as something that does not work. */
export function problemOf(thrown: unknown): Problem {
  const { message, hint = "authsome daemon logs" } = tellableError(thrown);
  return { severity: "broken", problem: message, mend: hint.replace(/^Run: /, "") };
}
