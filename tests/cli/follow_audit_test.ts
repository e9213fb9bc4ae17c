/** What `log --follow` does when the daemon goes away, comes back and goes away again. */
import { deepEqual } from "node:assert/strict";
import { followAudit } from "../../cli/follow_audit.ts";
import { DaemonClient } from "../../client/daemon_client.ts";
import { loadSigner } from "../../client/identity.ts";
import { readSettings } from "../../core/config.ts";

Deno.test("followAudit() says each time that the daemon goes away, with nothing new in between", async () => {
  const listener = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => answer());
  const baseUrl = `http://127.0.0.1:${listener.addr.port}`;
  const settings = readSettings((name) => ({
    AUTHSOME_HOME: "/nowhere/home",
    AUTHSOME_DAEMON_URL: baseUrl,
    AUTHSOME_IDENTITY_PRIVATE_KEY: "7".repeat(64),
  }[name]));
  const signer = await loadSigner(settings);
  const leaving = new AbortController();
  let looks = 0;
  let wentAway = 0;
  // There, away, there, away, and then for good.
  const answer = () => {
    if (++looks === 5) leaving.abort();
    return looks % 2 === 1
      ? Response.json({ entries: [], next_cursor: null })
      : Response.json({ error: "DaemonUnavailableError", message: "Cannot answer: it stops" }, {
        status: 503,
      });
  };

  const followed = followAudit(new DaemonClient({ baseUrl, signer: signer! }), settings, {
    filter: {},
    from: 0,
    away: () => wentAway++,
    signal: leaving.signal,
    pollMs: 1,
  });
  for await (const _ of followed);
  await listener.shutdown();

  deepEqual([looks, wentAway], [5, 2]);
});
