/**
 * `authsome` without the daemon's change stream: the proxy may then reuse nothing and asks for every
 * request. What that costs is a figure of its own; see `proxy.ts`.
 *
 * @module
 */
import { DaemonClient } from "../client/daemon_client.ts";
import { main } from "../cli/main.ts";

DaemonClient.prototype.proxyEvents = async function* (signal) {
  await new Promise<void>((resolve) =>
    signal.addEventListener("abort", () => resolve(), { once: true })
  );
  yield* [];
};

Deno.exit(await main(Deno.args));
