/**
 * Once a login, a logout or a revocation has answered, no request that begins afterwards carries what
 * was true before: in no run, and whatever state the run is in.
 */
import assert from "node:assert/strict";
import type { DaemonClient } from "../../client/daemon_client.ts";
import { openOwnerClient } from "../../client/owner_client.ts";
import { readSettings } from "../../core/config.ts";
import { homePaths } from "../../core/paths.ts";
import { ACME_HOST, type AcmeHome, openAcmeHome } from "../support/acme_home.ts";
import {
  callHttp2,
  type Http2Answer,
  type Http2Client,
  openHttp2,
} from "../support/http2_peers.ts";
import { withNode } from "../support/node_process.ts";
import { type RunClient, startRunClient } from "../support/run_client.ts";

/** So often is each thing tried: what happens within a millisecond does not happen every time. */
const ROUNDS = 15;

let acme: AcmeHome;

Deno.test.beforeAll(async () => {
  acme = await openAcmeHome();
});
Deno.test.afterAll(async () => {
  await acme.close();
});

/** The owner, in this process: a command's own end would hide an answer that came too early. */
function openOwner(): Promise<DaemonClient> {
  const variables: Record<string, string> = {
    AUTHSOME_HOME: acme.home.path,
    AUTHSOME_PORT: "0",
    HOME: acme.directory,
  };
  return openOwnerClient(readSettings((name) => variables[name]));
}

/** A key that its number can be read off. */
function key(number: number): string {
  return `ak_live_${number.toString(16).padStart(32, "0")}`;
}

async function logIn(owner: DaemonClient, number: number): Promise<void> {
  const { id } = await owner.createSession({ provider: "acme", force: true });
  const { status } = await owner.resumeSession(id, { api_key: key(number) });
  assert.equal(status, "completed");
}

/** What must arrive of a request that begins now: this key or a later one, none, or anything. */
type Expected = number | "none" | "any";

/**
 * Asks on two connections of each run without a pause while `changes` are made. A request's path says
 * what was expected when it began.
 */
async function askMeanwhile(
  runs: readonly RunClient[],
  changes: (expect: (expected: Expected) => void) => Promise<void>,
): Promise<void> {
  let expected: Expected = "any";
  let expectations = 0;
  let isOver = false;
  const lane = async ({ open, get }: RunClient) => {
    while (!isOver) {
      const connection = await open();
      const before = expectations;
      // What was opened without a login is an untouched tunnel, and stays one.
      const isUseful = () => !isOver && (expectations === before || typeof expected === "number");
      try {
        while (isUseful()) await get(connection, `/${expected}`);
      } catch {
        // The request met the change itself: it was refused, and its connection closed.
      }
      connection.close();
    }
  };
  const lanes = [...runs, ...runs].map(lane);
  await changes((next) => {
    expected = next;
    expectations++;
  });
  isOver = true;
  await Promise.all(lanes);
}

/** Requests that arrived with something else than was expected when they began. */
function wrong(): string[] {
  return acme.api.requests.splice(0).flatMap(({ target, headers }) => {
    const seen = headers.get("x-api-key");
    const number = seen === null ? null : Number.parseInt(seen.slice("ak_live_".length), 16);
    const isRight = target === "/any" ||
      (target === "/none" ? number === null : number !== null && number >= Number(target.slice(1)));
    return isRight ? [] : [`${target}: ${number === null ? "no key" : `key ${number}`}`];
  });
}

async function finish(runs: readonly RunClient[]): Promise<void> {
  const ends = await Promise.all(runs.map(({ run }) => run.finish()));
  assert.deepEqual(ends.map(({ code }) => code), runs.map(() => 0));
}

Deno.test("after a login has answered no request begins with the key before it, in any run", async () => {
  using owner = await openOwner();
  await logIn(owner, 0);
  const runs = await Promise.all([startRunClient(acme), startRunClient(acme)]);

  await askMeanwhile(runs, async (expect) => {
    for (let round = 1; round <= 3 * ROUNDS; round++) {
      await logIn(owner, round);
      expect(round);
    }
  });

  assert.deepEqual(wrong(), []);
  await finish(runs);
});

const ENDS: readonly [name: string, end: (owner: DaemonClient) => Promise<unknown>][] = [
  ["a logout", (owner) => owner.logOut({ provider: "acme", connection: "default" })],
  ["a revocation", (owner) => owner.revokeProvider("acme")],
];

for (const [name, end] of ENDS) {
  Deno.test(`after ${name} has answered no request begins with the key`, async () => {
    using owner = await openOwner();
    await logIn(owner, 0);
    const runs = [await startRunClient(acme)];

    const askOnce = async ({ open, get }: RunClient, target: string) => {
      const connection = await open();
      await get(connection, target);
      connection.close();
    };
    await askMeanwhile(runs, async (expect) => {
      for (let round = 1; round <= ROUNDS; round++) {
        await end(owner);
        expect("none");
        await Promise.all(runs.map((run) => askOnce(run, "/none")));
        expect("any");
        await logIn(owner, round);
        // Said again, so that the others open connections that carry the key.
        expect("any");
        await Promise.all(runs.map((run) => askOnce(run, `/${round}`)));
      }
    });

    assert.deepEqual(wrong(), []);
    await finish(runs);
  });
}

Deno.test("after a run was ended by its owner none of its requests goes out", async () => {
  using owner = await openOwner();
  await logIn(owner, 0);
  const client = await startRunClient(acme);
  const connection = await client.open();
  await client.get(connection, "/0");
  const { entries: [started] } = await owner.auditEvents({ event: "grant_start", limit: 1 });
  acme.api.requests.splice(0);

  await owner.endGrant(started!.run!);

  assert.equal(await client.get(connection, "/0"), 502);
  assert.deepEqual(acme.api.requests, []);
  connection.close();
  await finish([client]);
});

Deno.test("a run that is stopped holds no login up, and has the new key when it goes on", async () => {
  using owner = await openOwner();
  await logIn(owner, 0);
  const stopped = await startRunClient(acme);
  const other = await startRunClient(acme);
  const connections = await Promise.all([stopped.open(), other.open()]);
  await stopped.get(connections[0]!, "/0");
  await other.get(connections[1]!, "/0");

  stopped.run.child.kill("SIGSTOP");
  await logIn(owner, 1);
  const asked = stopped.get(connections[0]!, "/1");
  await other.get(connections[1]!, "/1");
  stopped.run.child.kill("SIGCONT");
  await asked;

  assert.deepEqual(wrong(), []);
  const log = await Deno.readTextFile(homePaths(acme.home.path).server.daemonLog);
  assert.match(log, /run grant_[0-9a-f]{24} \(sh\) did not confirm a change within 250 ms/);
  for (const connection of connections) connection.close();
  await finish([stopped, other]);
});

withNode.test("news is read before requests that came on one connection with older ones", async () => {
  using owner = await openOwner();
  await logIn(owner, 0);
  const client = await startRunClient(acme);
  const http2 = await openHttp2(client, ACME_HOST);
  await callHttp2(http2, { ":path": "/0" });

  client.run.child.kill("SIGSTOP");
  // Makes the connection readable before the news of the login comes.
  const before = await sendHttp2(http2, "/any");
  await logIn(owner, 1);
  const after = await sendHttp2(http2, "/1");
  client.run.child.kill("SIGCONT");
  const answers = await Promise.all([before.answer, after.answer]);

  assert.deepEqual(answers.map(({ status }) => status), [200, 200]);
  assert.deepEqual(wrong(), []);
  await http2.close();
  await finish([client]);
});

/** Resolves when the request is on its way: a turn of Node's event loop later. */
async function sendHttp2(
  client: Http2Client,
  path: string,
): Promise<{ readonly answer: Promise<Http2Answer> }> {
  const answer = callHttp2(client, { ":path": path });
  await client.run(() => new Promise<void>((resolve) => setTimeout(resolve, 0)));
  return { answer };
}

Deno.test("a run that is killed while it is waited for holds no login up", async () => {
  using owner = await openOwner();
  await logIn(owner, 0);
  const killed = await startRunClient(acme);
  const other = await startRunClient(acme);
  const connection = await other.open();
  await other.get(connection, "/0");

  killed.run.child.kill("SIGSTOP");
  const login = logIn(owner, 1);
  killed.run.child.kill("SIGKILL");
  await login;
  await other.get(connection, "/1");

  assert.deepEqual(wrong(), []);
  connection.close();
  await killed.run.finish();
  await finish([other]);
});
