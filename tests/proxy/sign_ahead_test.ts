/** Certificates that are there before anybody asks for their hosts. */
import assert from "node:assert/strict";
import { LiveRoutes } from "../../proxy/routes.ts";
import { SignAhead } from "../../proxy/sign_ahead.ts";
import { FakeDaemon, makeRoute } from "../support/fake_daemon.ts";

const HOST = "api.acme.test";

/** Leaves that say what they are asked for, and pauses that end when they are told to. */
function stage() {
  const signed: string[] = [];
  const leaves = { signAhead: (host: string) => !signed.includes(host) && signed.push(host) > 0 };
  let waiting: (() => void) | null = null;
  const ahead = new SignAhead(leaves, (step) => {
    waiting = step;
    return () => waiting = null;
  });
  const endPause = () => {
    const step = waiting;
    waiting = null;
    step?.();
  };
  return { ahead, signed, endPause, isWaiting: () => waiting !== null };
}

Deno.test("SignAhead signs for one host in each pause, until there is none", () => {
  const { ahead, signed, endPause, isWaiting } = stage();

  ahead.prepare(["a.test", "b.test"]);

  assert.deepEqual(signed, []);
  endPause();
  assert.deepEqual(signed, ["a.test"]);
  endPause();
  assert.deepEqual(signed, ["a.test", "b.test"]);
  assert.ok(!isWaiting());
});

Deno.test("hosts of new routes take the place of the old ones, and none is signed for twice", () => {
  const { ahead, signed, endPause, isWaiting } = stage();
  ahead.prepare(["a.test", "gone.test"]);
  endPause();

  ahead.prepare(["a.test", "new.test"]);

  while (isWaiting()) endPause();
  assert.deepEqual(signed, ["a.test", "new.test"]);
});

Deno.test("routes that come while the run ends have nothing signed any more", () => {
  const { ahead, isWaiting } = stage();
  ahead.close();

  ahead.prepare(["late.test"]);

  assert.ok(!isWaiting());
});

Deno.test("a connection goes first: nothing is signed in the pause that it came in", () => {
  const { ahead, signed, endPause } = stage();
  ahead.prepare(["a.test"]);

  ahead.connected();

  endPause();
  assert.deepEqual(signed, []);
  endPause();
  assert.deepEqual(signed, ["a.test"]);
});

Deno.test("SignAhead that is closed signs nothing more, and leaves no timer behind", () => {
  const { ahead, isWaiting } = stage();
  ahead.prepare(["a.test"]);
  ahead.close();
  assert.ok(!isWaiting());

  const real = new SignAhead({ signAhead: () => true });
  real.prepare(["a.test"]);
  real.close();
});

Deno.test("routes that were loaded anew are told, and which hosts and wildcards they name", async () => {
  const daemon = new FakeDaemon([makeRoute()]);
  const named: string[][] = [];
  const routes = new LiveRoutes(daemon, daemon.snapshot(), () => {}, {
    onChange: () => named.push(routes.certificateNames()),
  });
  const others = ["api.other.test", "*.wild.test", "eu.*.wild.test", "regex:[a-z]+\\.wild\\.test"]
    .map((host) => makeRoute({ host }));
  daemon.proxyRoutes = () =>
    Promise.resolve({ ...daemon.snapshot(), routes: [makeRoute(), ...others], revision: 2 });

  assert.deepEqual(routes.certificateNames(), [HOST]);
  routes.reload(2, false);
  await routes.settled();

  assert.deepEqual(named, [["*.wild.test", HOST, "api.other.test"]]);
});
