/** What a run remembers of the daemon's answers. */
import assert from "node:assert/strict";
import type { ResolvedCredential } from "../../core/api.ts";
import { Credentials } from "../../proxy/credentials.ts";
import { bearer, FakeDaemon, makeCredential, makeRoute } from "../support/fake_daemon.ts";

const HOST = "api.acme.test";

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

const REFUSED_EVERYWHERE: Record<string, (n: number) => string> = {
  "at one host": () => HOST,
  "at hosts that it makes up": (n) => `made-up-${n}.acme.test`,
};
for (const [where, hostOf] of Object.entries(REFUSED_EVERYWHERE)) {
  Deno.test(`a program that is refused whatever its token is does not have it renewed each time: ${where}`, async () => {
    const daemon = new FakeDaemon();
    let renewed = 0;
    daemon.resolve = (request) => {
      if (request.rejected_at !== undefined) renewed++;
      const ends = new Date(Date.UTC(2100, 0, 1, 0, 0, renewed)).toISOString();
      return makeCredential(request, [bearer(`token-${renewed}`)], ends);
    };
    let now = 0;
    const credentials = new Credentials(daemon, () => true, () => now);
    const refuse = async (n: number) => {
      const wanted = { route: makeRoute(), host: hostOf(n), port: 443, path: "/", method: "GET" };
      const used = await credentials.resolve(wanted);
      const other = await credentials.replace(wanted, used);
      // The daemon tells every proxy of a renewal.
      if (other !== null) credentials.clear();
    };

    for (let n = 0; n < 20; n++) await refuse(n);
    const within = renewed;
    now += 60_000;
    await refuse(20);

    assert.deepEqual([within, renewed], [1, 2]);
  });
}

Deno.test("a 401 for a token that was renewed meanwhile gets the renewed one, and renews nothing", async () => {
  const daemon = new FakeDaemon();
  let renewed = 0;
  daemon.resolve = (request) => {
    // As the daemon does: a token that was obtained later has not been refused.
    const obtained = (count: number) => new Date(Date.UTC(2100, 0, 1, 0, 0, count)).toISOString();
    if (request.rejected_at === obtained(renewed)) renewed++;
    return makeCredential(request, [bearer(`token-${renewed}`)], obtained(renewed));
  };
  const credentials = new Credentials(daemon, () => true);
  const wanted = { route: makeRoute(), host: HOST, port: 443, path: "/", method: "GET" };
  const used = await credentials.resolve(wanted);

  // Five requests are under way with one token; they are refused one after the other.
  const others: (ResolvedCredential | null)[] = [];
  for (let i = 0; i < 5; i++) others.push(await credentials.replace(wanted, used));

  assert.deepEqual(new Set(others.map((other) => JSON.stringify(other?.injections))).size, 1);
  assert.equal(JSON.stringify(others[4]?.injections).includes("token-1"), true);
  assert.equal(renewed, 1);
});
