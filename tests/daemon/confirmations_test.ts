/**
 * An owner's change is answered when every run follows it: what is waited for, what is not, and for
 * how long.
 *
 * @module
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { readEvents, type ServerSentEvent } from "../../client/event_stream.ts";
import { enterDashboard, formToken } from "./support/dashboard_visitor.ts";
import {
  type Client,
  grantRun,
  logIn,
  openTestDaemon,
  registerOwner,
  type TestDaemon,
} from "./support/test_daemon.ts";

/** Longer than any test: whoever is not confirmed to hangs. */
const FOR_EVER_MS = 600_000;

/** What owners do, and how many events a run is told of it. */
const CHANGES: readonly [
  name: string,
  events: number,
  change: (owner: Client) => Promise<unknown>,
][] = [
  ["a login", 1, (owner) => logIn(owner, "acme")],
  ["a login that replaces", 1, replaceLogin],
  ["another connection", 1, (owner) => logIn(owner, "acme", undefined, "work")],
  ["a default", 1, (owner) => owner.json("POST", "/connections/acme/work/default", {})],
  ["a logout", 1, (owner) => owner.json("POST", "/connections/acme/work/logout", {})],
  ["a revocation", 2, (owner) => owner.json("POST", "/connections/acme/revoke", {})],
  ["a definition", 1, (owner) => owner.json("POST", "/providers", { definition: OTHER })],
  ["the removal of a definition", 3, (owner) => owner.json("DELETE", "/providers/other")],
];

async function replaceLogin(owner: Client): Promise<void> {
  const session = { provider: "acme", force: true };
  const { id } = await owner.json<{ id: string }>("POST", "/auth/sessions", session);
  await owner.json("POST", `/auth/sessions/${id}/resume`, { data: { api_key: "sk-another-01" } });
}

const OTHER = {
  name: "other",
  display_name: "Other",
  auth_type: "api_key",
  hosts: ["api.other.test"],
  injection: { type: "header", name: "X-Key", value: "{api_key}" },
  fields: [{ name: "api_key", label: "API key", secret: true }],
};

Deno.test("an owner's change is answered when every run has confirmed it", async (t) => {
  await using home = await open();
  const runs = await Promise.all([
    grantRun(home.daemon, home.owner),
    grantRun(home.daemon, home.owner),
  ]);
  await using first = await listen(runs[0].run);
  await using second = await listen(runs[1].run);
  await Promise.all([first.next(), second.next()]);

  for (const [name, events, change] of CHANGES) {
    await t.step(name, async () => {
      const answer = answered(change(home.owner));
      let told = 0;
      for (let i = 0; i < events; i++) {
        const event = JSON.parse((await first.next()).data);
        deepEqual(JSON.parse((await second.next()).data), event);
        equal(event.confirm, true);
        told = event.revision;
      }
      await confirm(runs[0].run, told);
      equal(answer.isThere, false);
      await confirm(runs[1].run, told);

      await answer.done;
    });
  }
});

Deno.test("whoever looks at a login meanwhile waits, too; a run's own requests and /health do not", async () => {
  await using home = await open();
  const { run } = await grantRun(home.daemon, home.owner);
  await using stream = await listen(run);
  await stream.next();
  const { id } = await home.owner.json<{ id: string }>("POST", "/auth/sessions", {
    provider: "acme",
  });
  const data = { api_key: "sk-another-0123456789" };
  const login = answered(home.owner.json("POST", `/auth/sessions/${id}/resume`, { data }));
  const told = revision(await stream.next());

  const look = answered(home.owner.json<{ status: string }>("GET", `/auth/sessions/${id}`));
  await home.daemon.request("/health").then((response) => response.json());
  const request = { provider: "acme", host: "api.acme.test", path: "/", method: "GET" };
  await run.json("POST", "/credentials/resolve", request);

  deepEqual([login.isThere, look.isThere], [false, false]);
  await confirm(run, told);
  equal((await look.done).status, "completed");
  await login.done;
});

Deno.test("a button of the dashboard and the form of a login wait as a command does", async () => {
  await using home = await open();
  await logIn(home.owner, "acme");
  const visitor = await enterDashboard(home.daemon, home.owner);
  const session = await home.owner.json<{ id: string }>("POST", "/auth/sessions", {
    provider: "strict",
  });
  const page = await visitor.look(`/auth/sessions/${session.id}/input`);
  const { run } = await grantRun(home.daemon, home.owner);
  await using stream = await listen(run);
  await stream.next();

  for (
    const press of [
      () => visitor.post("/ui/apps/acme/default/disconnect"),
      () =>
        visitor.post(`/auth/sessions/${session.id}/input`, {
          form_token: formToken(page.text),
          api_key: "st_123456",
        }),
    ]
  ) {
    const answer = answered(press());
    const told = revision(await stream.next());
    equal(answer.isThere, false);
    await confirm(run, told);
    ok((await answer.done).status < 400);
  }
});

Deno.test("the confirmation of an earlier change does not stand for a later one", async () => {
  await using home = await open();
  const { run } = await grantRun(home.daemon, home.owner);
  await using stream = await listen(run);
  const before = revision(await stream.next());
  const answer = answered(logIn(home.owner, "acme"));
  const told = revision(await stream.next());

  await confirm(run, before);
  await confirm(run, told - 1);

  equal(answer.isThere, false);
  await confirm(run, told);
  await answer.done;
});

Deno.test("one run cannot confirm for another", async () => {
  await using home = await open();
  const { run } = await grantRun(home.daemon, home.owner);
  const { run: other } = await grantRun(home.daemon, home.owner);
  await using stream = await listen(run);
  await stream.next();
  const answer = answered(logIn(home.owner, "acme"));
  const told = revision(await stream.next());

  await confirm(other, told);
  await confirm(home.owner, told);

  equal(answer.isThere, false);
  await confirm(run, told);
  await answer.done;
});

Deno.test("a run whose stream ends is not waited for", async () => {
  await using home = await open();
  const { run } = await grantRun(home.daemon, home.owner);
  const stream = await listen(run);
  await stream.next();
  const answer = answered(logIn(home.owner, "acme"));
  await stream.next();

  equal(answer.isThere, false);
  await stream[Symbol.asyncDispose]();
  await answer.done;
});

Deno.test("who reads the stream without confirming is not waited for, and not asked to", async () => {
  await using home = await open();
  const { run } = await grantRun(home.daemon, home.owner);
  await using stream = await listen(run, "/proxy/events");
  await stream.next();

  await logIn(home.owner, "acme");

  deepEqual(Object.keys(JSON.parse((await stream.next()).data)), ["revision"]);
});

Deno.test("a refresh is told and waits for nobody", async () => {
  await using home = await open();
  const { run, grant } = await grantRun(home.daemon, home.owner);
  await using stream = await listen(run);
  await stream.next();
  const { changes, confirmations } = home.daemon.broker;

  const { vault_id } = await home.owner.json<{ vault_id: string }>("GET", "/whoami");
  changes.publish({ type: "connections", vault_id, provider: "hub", renewed: true });
  changes.publish({ type: "grant", grant_id: grant.id, ended: false });

  deepEqual(Object.keys(JSON.parse((await stream.next()).data)), ["revision"]);
  await confirmations.settled();
});

Deno.test("the end of a grant is answered when its run has left the stream", async () => {
  await using home = await open();
  const { run, grant } = await grantRun(home.daemon, home.owner);
  const stream = await listen(run);
  await stream.next();
  const answer = answered(home.owner.json("DELETE", `/grants/${grant.id}`));

  equal((await stream.next()).event, "ended");
  await home.daemon.request("/health").then((response) => response.json());

  equal(answer.isThere, false);
  await stream[Symbol.asyncDispose]();
  await answer.done;
});

Deno.test("a run that ends its own grant keeps nobody waiting", async () => {
  await using home = await open();
  const { run } = await grantRun(home.daemon, home.owner);
  await using stream = await listen(run);
  await stream.next();

  await run.json("DELETE", "/grants/self");
  await home.owner.json("GET", "/connections");

  deepEqual((await stream.next()).event, "ended");
});

Deno.test("a run that does not confirm holds nobody up for long, and the log names it", async () => {
  await using home = await open({ confirmPatienceMs: 1 });
  const { run, grant } = await grantRun(home.daemon, home.owner, { label: "agent.py" });
  await using stream = await listen(run);
  await stream.next();

  await logIn(home.owner, "acme");

  match(
    home.daemon.log.join(""),
    new RegExp(`run ${grant.id} \\(agent.py\\) did not confirm a change within 1 ms`),
  );
  // Nobody waits for it again.
  await home.owner.json("GET", "/connections");
  equal(home.daemon.log.join("").match(/did not confirm/g)?.length, 1);
});

Deno.test("a daemon that stops waits for nobody", async () => {
  const home = await open();
  const { run } = await grantRun(home.daemon, home.owner);
  await using stream = await listen(run);
  await stream.next();
  const answer = answered(logIn(home.owner, "acme"));
  await stream.next();

  equal(answer.isThere, false);
  await home.daemon.stop();
  await answer.done;
});

interface Home extends AsyncDisposable {
  readonly daemon: TestDaemon;
  readonly owner: Client;
}

async function open({ confirmPatienceMs = FOR_EVER_MS } = {}): Promise<Home> {
  const daemon = await openTestDaemon({ confirmPatienceMs });
  const owner = await registerOwner(daemon);
  return { daemon, owner, [Symbol.asyncDispose]: () => daemon.stop() };
}

/** An answer, and whether it has come. */
interface Answered<T> {
  readonly done: Promise<T>;
  readonly isThere: boolean;
}

function answered<T>(done: Promise<T>): Answered<T> {
  let isThere = false;
  done.then(() => isThere = true, () => isThere = true);
  return {
    done,
    get isThere() {
      return isThere;
    },
  };
}

/** A run's stream, event by event. */
async function listen(run: Client, path = "/proxy/events?confirm=true") {
  const response = await run.call("GET", path);
  const events = readEvents(response.body!)[Symbol.asyncIterator]();
  const next = async (): Promise<ServerSentEvent> => (await events.next()).value!;
  return {
    next,
    [Symbol.asyncDispose]: async () => void await events.return?.(undefined),
  };
}

async function confirm(caller: Client, revision: number): Promise<void> {
  deepEqual(await caller.json("POST", "/proxy/events/confirm", { revision }), { status: "ok" });
}

function revision({ data }: ServerSentEvent): number {
  return JSON.parse(data).revision;
}
