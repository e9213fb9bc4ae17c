/**
 * The client that signs as the owner, where the daemon is somebody else's to start.
 *
 * @module
 */
import { rejects } from "node:assert/strict";
import { openOwnerClient } from "../../client/owner_client.ts";
import { readSettings } from "../../core/config.ts";
import { newSigner } from "../daemon/support/test_daemon.ts";
import { freePort } from "../support/free_port.ts";

Deno.test("a daemon of AUTHSOME_DAEMON_URL that is gone is not ours to start, and the hint says so", async () => {
  const home = await Deno.makeTempDir();
  const port = freePort();
  const variables: Record<string, string> = {
    AUTHSOME_HOME: `${home}/home`,
    AUTHSOME_DAEMON_URL: `http://127.0.0.1:${port}`,
  };
  try {
    using client = await openOwnerClient(readSettings((name) => variables[name]));

    const told = {
      code: "daemon_unavailable",
      hint: "Start that daemon, or unset AUTHSOME_DAEMON_URL",
    };
    await rejects(client.whoami(), told);
    // A run speaks to it under a key of its own.
    await rejects(client.as(await newSigner("grant_1")).whoami(), told);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});
