/**
 * What a run did with its credentials reaches the daemon's audit log, and no request waits for it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { usageReport } from "../../core/api_schema.ts";
import { Refusal } from "../../proxy/fail_closed.ts";
import { Usage } from "../../proxy/usage.ts";
import { FakeDaemon } from "../support/fake_daemon.ts";

const GET = { provider: "acme", connection: "default", host: "api.acme.test", method: "GET" };
const MINUTE = "2026-11-21T12:00:00.000Z";
const begin = Date.parse(MINUTE);
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

Deno.test("requests are counted by connection, host, method, minute and how the server answered", async () => {
  const daemon = new FakeDaemon();
  let now = begin;
  const usage = new Usage(daemon, () => now);

  for (const status of [200, 204, 404, 503, null]) usage.answered(GET, status);
  usage.answered({ ...GET, method: "POST" }, 201);
  now += 60_000;
  usage.answered(GET, 101);
  await usage.close();

  const uses = daemon.reported.flatMap((report) => report.uses);
  assert.deepEqual(uses, [
    { ...GET, statuses: { "2xx": 2, "4xx": 1, "5xx": 1, none: 1 }, minute: MINUTE },
    { ...GET, method: "POST", statuses: { "2xx": 1 }, minute: MINUTE },
    { ...GET, statuses: { "1xx": 1 }, minute: "2026-11-21T12:01:00.000Z" },
  ]);
});

Deno.test("a method that nobody knows does not keep a report from the log: it is OTHER there", async () => {
  const daemon = new FakeDaemon();
  const usage = new Usage(daemon, () => begin);

  for (const method of ["get", "M-SEARCH", "x".repeat(30)]) usage.answered({ ...GET, method }, 200);
  await usage.close();

  const [report] = daemon.reported;
  assert.deepEqual(report!.uses.map(({ method, statuses }) => [method, statuses]), [
    ["OTHER", { "2xx": 3 }],
  ]);
  assert.ok(usageReport.safeParse(report).success, "the daemon takes it");
});

Deno.test("a wrong secret is written down; a client that is only asked for it is not", async () => {
  const daemon = new FakeDaemon();
  const usage = new Usage(daemon, () => begin);

  usage.refused("*", new Refusal(407, "ProxyAuthenticationError", "missing"));
  usage.refused("*", new Refusal(407, "WrongProxySecretError", "wrong"));
  await usage.close();

  const denials = daemon.reported.flatMap(({ denials }) => denials);
  assert.deepEqual(denials.map(({ reason }) => reason), ["WrongProxySecretError"]);
});

Deno.test("what was refused here is counted; what the daemon refused it knows itself", async () => {
  const daemon = new FakeDaemon();
  const usage = new Usage(daemon, () => begin);

  for (let n = 0; n < 3; n++) {
    usage.refused("evil.test", new Refusal(421, "MisdirectedRequestError", "no"));
  }
  usage.refused("api.acme.test", new Refusal(502, "CredentialMissingError", "no"));
  await usage.close();

  assert.deepEqual(daemon.reported, [{
    uses: [],
    denials: [{ host: "evil.test", reason: "MisdirectedRequestError", minute: MINUTE, count: 3 }],
  }]);
});

Deno.test("what a daemon that is away does not take is sent when it is back, with what came since", async () => {
  const daemon = new FakeDaemon();
  const usage = new Usage(daemon, () => begin);
  usage.answered(GET, 200);
  daemon.goDown();
  await usage.report();
  usage.answered(GET, 200);
  await usage.report();
  daemon.comeUp();
  await usage.close();

  assert.deepEqual(daemon.reported.map(({ uses }) => uses), [[
    { ...GET, statuses: { "2xx": 2 }, minute: MINUTE },
  ]]);
});

Deno.test("what is kept for a daemon that is away is bounded, and reports are of the size it takes", async () => {
  const daemon = new FakeDaemon();
  const usage = new Usage(daemon, () => begin);
  daemon.goDown();
  for (let n = 0; n < 5_000; n++) usage.answered({ ...GET, host: `h${n}.acme.test` }, 200);
  await usage.report();
  daemon.comeUp();
  await usage.close();

  const sizes = daemon.reported.map(({ uses }) => uses.length);
  assert.ok(sizes.every((size) => size <= 200));
  assert.equal(sizes.reduce((sum, size) => sum + size, 0), 2_001, "and one for all the rest");
});

Deno.test("an agent that makes up hosts and methods hides nothing: what is too much is counted together", async () => {
  const daemon = new FakeDaemon();
  const usage = new Usage(daemon, () => begin);
  const flood = () => {
    for (let n = 0; n < 3_000; n++) {
      const letters = n.toString(26).replace(/./g, (digit) => ALPHABET[parseInt(digit, 26)]!);
      usage.answered({ ...GET, method: `M${letters}` }, 200);
      usage.refused(`h${n}.test`, new Refusal(421, "MisdirectedRequestError", "no"));
    }
  };
  daemon.goDown();
  flood();
  await usage.report();
  flood();
  usage.answered({ ...GET, method: "DELETE" }, 204);
  usage.refused("api.acme.test", new Refusal(400, "BadHeaderError", "no"));
  daemon.comeUp();
  await usage.close();

  const uses = daemon.reported.flatMap((report) => report.uses);
  const denials = daemon.reported.flatMap((report) => report.denials);
  const counted = uses.flatMap(({ statuses }) => Object.values(statuses));
  assert.equal(counted.reduce((sum, count) => sum + count, 0), 6_001);
  assert.equal(denials.reduce((sum, { count }) => sum + count, 0), 6_001);
  assert.equal(uses.find(({ host }) => host === "*")!.statuses["2xx"], 2_001);
  assert.deepEqual(
    denials.filter(({ host }) => host === "*").map(({ reason, count }) => [reason, count]),
    [["MisdirectedRequestError", 2_000], ["BadHeaderError", 1]],
  );
  for (const report of daemon.reported) assert.ok(usageReport.safeParse(report).success);
});

Deno.test("a run that used nothing reports nothing", async () => {
  const daemon = new FakeDaemon();
  await new Usage(daemon).close();

  assert.deepEqual(daemon.reported, []);
});
