/**
 * How many streams one client may open and reset at once. Each costs the client two small frames and
 * us a request to a server ("rapid reset", CVE-2023-44487), so beyond it the connection ends.
 *
 * @module
 */

import { RateBudget } from "./rate_budget.ts";

/** Programs that cancel calls do so in bursts, when a deadline passes for many of them. */
const RESETS = { burst: 200, perSecond: 20 };

/** A bucket of resets. */
export class ResetBudget extends RateBudget {
  /** A full one; `now` in milliseconds. */
  constructor(now?: () => number) {
    super(RESETS, now);
  }
}
