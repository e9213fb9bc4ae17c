/** What a run remembers of the daemon's answers. */
import assert from "node:assert/strict";
import { Credentials } from "../../proxy/credentials.ts";
import { FakeDaemon, makeRoute } from "../support/fake_daemon.ts";

Deno.test("a program that asks for ever new hosts of a wildcard fills no memory: the first are forgotten", async () => {
  const daemon = new FakeDaemon();
  const credentials = new Credentials(daemon, () => true);
  const ask = async (host: string) =>
    void await credentials.resolve({
      route: makeRoute(),
      host,
      port: 443,
      path: "/",
      method: "GET",
    });
  const hosts = Array.from({ length: 1_001 }, (_, n) => `h${n}.acme.test`);
  for (const host of hosts) await ask(host);
  assert.equal(daemon.asked.length, 1_001);

  await ask(hosts.at(-1)!);
  assert.equal(daemon.asked.length, 1_001, "remembered");
  await ask(hosts[0]!);
  assert.equal(daemon.asked.length, 1_002, "forgotten");
});
