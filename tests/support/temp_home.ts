/**
 * `withHome`: a home for one test, and nothing left of it afterwards.
 *
 * @module
 */
import { deepEqual } from "node:assert/strict";
import { TemporaryHome } from "./temporary_home.ts";

/** Runs `work` with a home of its own; stops what was started for it and removes it, however it ends. */
export async function withHome<T>(work: (home: TemporaryHome) => Promise<T>): Promise<T> {
  const home = await TemporaryHome.create();
  try {
    return await work(home);
  } finally {
    deepEqual(await home.remove(), [], "every process of the home has ended");
  }
}
