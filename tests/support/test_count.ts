/**
 * Reads the totals out of the JUnit report that `deno test --junit-path` writes.
 *
 * @module
 */

/** How many tests ended how. Steps count as tests. */
export interface TestCount {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The totals of a report; all zero for an empty one, which is what a run that never began leaves. */
export function countResults(report: string): TestCount {
  let tests = 0, failed = 0, skipped = 0;
  for (const [suite] of report.matchAll(/<testsuite\s[^>]*>/g)) {
    tests += attribute(suite, "tests");
    failed += attribute(suite, "failures") + attribute(suite, "errors");
    skipped += attribute(suite, "disabled") + attribute(suite, "skipped");
  }
  return { passed: tests - failed - skipped, failed, skipped };
}

function attribute(element: string, name: string): number {
  return Number(new RegExp(`\\s${name}="(\\d+)"`).exec(element)?.[1] ?? 0);
}
