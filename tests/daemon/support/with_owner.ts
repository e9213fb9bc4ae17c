/**
 * A test daemon with an owner, stopped when the test is over.
 *
 * @module
 */
import {
  type Client,
  openTestDaemon,
  registerOwner,
  type TestDaemon,
  type TestDaemonOptions,
} from "./test_daemon.ts";

/** What such a test plays with. */
export interface OwnedDaemon {
  readonly daemon: TestDaemon;
  readonly owner: Client;
}

/** Runs `work` with them. */
export async function withOwner(
  work: (owned: OwnedDaemon) => Promise<void>,
  options: TestDaemonOptions = {},
): Promise<void> {
  const daemon = await openTestDaemon(options);
  try {
    await work({ daemon, owner: await registerOwner(daemon) });
  } finally {
    await daemon.stop();
  }
}
