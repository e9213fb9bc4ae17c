/**
 * Letting another machine in: nothing before the owner's word, once, for a while, few at a time; and
 * what is let in can run programs and nothing else.
 */
import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import type { GrantItem, IdentityList } from "../../core/api.ts";
import {
  type ClaimList,
  fingerprintOf,
  type IdentityClaim,
  readClaimCode,
} from "../../core/identity_claim.ts";
import {
  type Client,
  clientFor,
  logIn,
  newSigner,
  type TestDaemon,
} from "./support/test_daemon.ts";
import { withOwner } from "./support/with_owner.ts";

const HANDLE = "calm-otter-4711";

function withLogins(work: (daemon: TestDaemon, owner: Client) => Promise<void>): Promise<void> {
  return withOwner(async ({ daemon, owner }) => {
    await logIn(owner, "acme");
    await logIn(owner, "strict", { api_key: "st_123456" });
    await work(daemon, owner);
  });
}

/** Another machine, and the claim it made. */
async function claim(daemon: TestDaemon, handle = HANDLE) {
  const machine = clientFor(daemon, await newSigner(handle));
  const body = { handle, did: machine.signer.did };
  const made = await machine.json<IdentityClaim>("POST", "/identities/claims", body);
  return { machine, claim: made, body };
}

const accept = (owner: Client, code: string, body: object = {}) =>
  owner.call("POST", `/identities/claims/${code}/accept`, body);

async function statusOf(response: Promise<Response>): Promise<number> {
  const answer = await response;
  await answer.body?.cancel();
  return answer.status;
}

Deno.test("nothing is granted before the owner accepts; afterwards it is", async () => {
  await withLogins(async (daemon, owner) => {
    const { machine, claim: made } = await claim(daemon);

    equal(await statusOf(machine.call("GET", "/whoami")), 401);
    equal(await statusOf(machine.call("POST", "/grants", { run_did: made.did })), 401);
    equal(await statusOf(accept(machine, made.code)), 401, "it cannot accept itself");
    const waiting = await owner.json<ClaimList>("GET", "/identities/claims");
    deepEqual(waiting.claims, [made]);
    equal(await statusOf(accept(owner, made.code)), 200);

    equal(await statusOf(machine.call("GET", "/whoami")), 200);
    const seen = await machine.json<IdentityClaim>("GET", `/identities/claims/${made.code}`);
    equal(seen.status, "accepted");
    const { event, identity, details } = daemon.audit.at(-1)!;
    deepEqual([event, identity, details?.["may"]], ["identity_registered", HANDLE, "run"]);
  });
});

Deno.test("what was let in may run programs, and can read, export, change or let in nothing", async () => {
  await withLogins(async (daemon, owner) => {
    const { machine, claim: made } = await claim(daemon);
    equal(await statusOf(accept(owner, made.code)), 200);
    const run = await newSigner("");
    const allowed = [
      "/whoami",
      "/ready",
      "/connections",
      "/providers",
      "/provider-names",
      "/proxy/routes",
    ];
    for (const path of allowed) equal(await statusOf(machine.call("GET", path)), 200, path);

    const grant = await machine.json<GrantItem>("POST", "/grants", { run_did: run.did });
    const running = clientFor(daemon, { ...run, subject: grant.id });
    const asked = { provider: "acme", host: "api.acme.test", path: "/" };
    equal(await statusOf(running.call("POST", "/credentials/resolve", asked)), 200);

    const second = await claim(daemon, "bold-fox-0815");
    const refused: readonly (readonly [method: string, path: string, body?: object])[] = [
      ["GET", "/connections/acme/default?show_secrets=true"],
      ["GET", "/connections/acme/default"],
      ["POST", "/connections/acme/default/check", {}],
      ["POST", "/connections/acme/default/logout", {}],
      ["POST", "/connections/acme/default/default", {}],
      ["POST", "/connections/acme/revoke", {}],
      ["POST", "/credentials/export", {}],
      ["POST", "/credentials/resolve", asked],
      ["POST", "/credentials/compare", {}],
      ["POST", "/auth/sessions", { provider: "acme" }],
      ["POST", "/providers", {}],
      ["DELETE", "/providers/acme"],
      ["GET", "/identities"],
      ["GET", "/identities/claims"],
      ["POST", `/identities/claims/${second.claim.code}/accept`, {}],
      ["DELETE", `/identities/claims/${second.claim.code}`],
      ["DELETE", `/identities/${owner.signer.subject}`],
      ["GET", "/audit/events"],
      ["POST", "/audit/verify", {}],
      ["POST", "/backup", { passphrase: "x".repeat(30) }],
      ["POST", "/key/rotate", {}],
      ["POST", "/ui/session", {}],
      ["POST", "/api/ui/session", {}],
    ];
    for (const [method, path, body] of refused) {
      equal(await statusOf(machine.call(method, path, body)), 403, `${method} ${path}`);
    }
  });
});

Deno.test("with `only` its runs get those logins and no other, whatever they ask for", async () => {
  await withLogins(async (daemon, owner) => {
    await logIn(owner, "acme", undefined, "work");
    const { machine, claim: made } = await claim(daemon);
    const only = [{ provider: "acme", connection: null }];
    equal(await statusOf(accept(owner, made.code, { only })), 200);
    const run_did = (await newSigner("")).did;
    const grant = (more: object) => machine.call("POST", "/grants", { run_did, ...more });

    const everything: GrantItem = await (await grant({})).json();
    deepEqual(everything.only, only);
    equal(await statusOf(grant({ only: [{ provider: "acme", connection: null }] })), 200);
    const outside = [
      { only: [{ provider: "strict", connection: null }] },
      { only: [{ provider: "acme", connection: "work" }] },
      { connections: { acme: "work" } },
      { connections: { strict: "default" } },
    ];
    for (const more of outside) equal(await statusOf(grant(more)), 403, JSON.stringify(more));
  });
});

Deno.test("another machine cannot touch the owner's runs, nor another machine's", async () => {
  await withLogins(async (daemon, owner) => {
    const { machine, claim: made } = await claim(daemon);
    equal(await statusOf(accept(owner, made.code)), 200);
    const { did: run_did } = await newSigner("");
    const { id } = await owner.json<GrantItem>("POST", "/grants", { run_did });

    equal(await statusOf(machine.call("GET", `/grants/${id}`)), 403);
    equal(await statusOf(machine.call("POST", `/grants/${id}/renew`, { expires_in: 60 })), 403);
    equal(await statusOf(machine.call("DELETE", `/grants/${id}`)), 403);
  });
});

Deno.test("a code works once, for ten minutes, and not when it was refused", async () => {
  await withLogins(async (daemon, owner) => {
    const first = await claim(daemon, "machine-one");
    equal(await statusOf(accept(owner, first.claim.code)), 200);
    equal(await statusOf(accept(owner, first.claim.code)), 400, "again");

    const second = await claim(daemon, "machine-two");
    equal(await statusOf(owner.call("DELETE", `/identities/claims/${second.claim.code}`)), 200);
    equal(await statusOf(accept(owner, second.claim.code)), 400, "refused");
    const path = `/identities/claims/${second.claim.code}`;
    equal((await second.machine.json<IdentityClaim>("GET", path)).status, "refused");
    equal(daemon.audit.at(-1)!.event, "identity_refused");

    const third = await claim(daemon, "machine-three");
    daemon.clock.now = new Date(daemon.clock.now.getTime() + 10 * 60_000);
    equal(await statusOf(accept(owner, third.claim.code)), 400, "expired");
    const shown = await third.machine.json<IdentityClaim>(
      "GET",
      `/identities/claims/${third.claim.code}`,
    );
    equal(shown.status, "expired");
    equal(await statusOf(third.machine.call("GET", "/whoami")), 401);
  });
});

Deno.test("the same key is answered with the same claim; five wait at most, thirty an hour", async () => {
  await withLogins(async (daemon, owner) => {
    const { machine, claim: made, body } = await claim(daemon);
    const again = await machine.json<IdentityClaim>("POST", "/identities/claims", body);
    equal(again.code, made.code);
    for (let i = 1; i < 5; i++) await claim(daemon, `machine-${i}`);
    const sixth = clientFor(daemon, await newSigner("machine-6"));
    const ask = () =>
      sixth.call("POST", "/identities/claims", { handle: "machine-6", did: sixth.signer.did });

    const refused = await ask();
    equal(refused.status, 403);
    match((await refused.json()).hint, /authsome profile accept/);

    for (let made = 5; made < 30; made++) {
      const { claims } = await owner.json<ClaimList>("GET", "/identities/claims");
      equal(await statusOf(owner.call("DELETE", `/identities/claims/${claims[0]!.code}`)), 200);
      await claim(daemon, `machine-again-${made}`);
    }
    const { claims } = await owner.json<ClaimList>("GET", "/identities/claims");
    equal(await statusOf(owner.call("DELETE", `/identities/claims/${claims[0]!.code}`)), 200);
    equal(await statusOf(ask()), 403, "the hour's thirty are used up");
    daemon.clock.now = new Date(daemon.clock.now.getTime() + 60 * 60_000);
    equal(await statusOf(ask()), 200);
  });
});

Deno.test("five who ask and go away keep nobody out for longer than half a minute", async () => {
  await withLogins(async (daemon, owner) => {
    const left = await claim(daemon, "machine-left");
    const waiting: Awaited<ReturnType<typeof claim>>[] = [];
    for (let i = 0; i < 4; i++) waiting.push(await claim(daemon, `machine-${i}`));
    const late = clientFor(daemon, await newSigner("machine-late"));
    const ask = () =>
      late.call("POST", "/identities/claims", { handle: "machine-late", did: late.signer.did });
    const codes = async () =>
      (await owner.json<ClaimList>("GET", "/identities/claims")).claims.map(({ code }) => code);
    const show = (one: Awaited<ReturnType<typeof claim>>) =>
      one.machine.json<IdentityClaim>("GET", `/identities/claims/${one.claim.code}`);
    equal(await statusOf(ask()), 403);

    daemon.clock.now = new Date(daemon.clock.now.getTime() + 30_000);
    for (const one of waiting) await show(one);
    equal((await codes()).length, 5, "no place is taken away without need");
    equal(await statusOf(ask()), 200);

    equal((await show(left)).status, "expired");
    equal(await statusOf(accept(owner, left.claim.code)), 400);
    for (const one of waiting) equal((await show(one)).status, "pending");
    const another = clientFor(daemon, await newSigner("machine-more"));
    const more = { handle: "machine-more", did: another.signer.did };
    equal(await statusOf(another.call("POST", "/identities/claims", more)), 403, "all wait");
  });
});

Deno.test("a claim is made by its own key, and shown to it alone", async () => {
  await withLogins(async (daemon) => {
    const { machine, claim: made } = await claim(daemon);
    const other = clientFor(daemon, await newSigner("other-machine"));

    const stolen = { handle: HANDLE, did: machine.signer.did };
    equal(await statusOf(other.call("POST", "/identities/claims", stolen)), 401);
    equal(await statusOf(other.call("GET", `/identities/claims/${made.code}`)), 401);
    equal(await statusOf(machine.call("GET", "/identities/claims/BBBB-CCCC")), 404);
  });
});

Deno.test("a page in a browser cannot make a claim", async () => {
  await withLogins(async (daemon) => {
    for (const origin of ["https://evil.test", "null"]) {
      const response = await daemon.request("/identities/claims", {
        method: "POST",
        headers: { origin, "content-type": "application/json" },
        body: "{}",
      });
      await response.body?.cancel();
      equal(response.status, 403);
    }
  });
});

Deno.test("access that is taken away is gone at the next request, and its runs with it", async () => {
  await withLogins(async (daemon, owner) => {
    const { machine, claim: made } = await claim(daemon);
    equal(await statusOf(accept(owner, made.code)), 200);
    const run = await newSigner("");
    const grant = await machine.json<GrantItem>("POST", "/grants", { run_did: run.did });
    const running = clientFor(daemon, { ...run, subject: grant.id });
    equal(await statusOf(running.call("GET", "/proxy/routes")), 200);
    const { identities } = await owner.json<IdentityList>("GET", "/identities");
    deepEqual(identities.map(({ access }) => access).sort(), ["owner", "run"]);

    const removed = await owner.json("DELETE", `/identities/${HANDLE}`);

    deepEqual(removed, { status: "removed", handle: HANDLE, runs_ended: 1 });
    equal(await statusOf(machine.call("GET", "/whoami")), 401);
    equal(await statusOf(running.call("GET", "/proxy/routes")), 403);
    ok(
      daemon.audit.some(({ event, identity }) =>
        event === "identity_removed" && identity === HANDLE
      ),
    );
    const own = `/identities/${owner.signer.subject}`;
    equal(await statusOf(owner.call("DELETE", own)), 403, "the owner's own is no guest");
  });
});

Deno.test("codes are read as people type them, and fingerprints tell keys apart", async () => {
  equal(readClaimCode("bcdf ghjk"), "BCDF-GHJK");
  equal(readClaimCode("BCDFGHJK"), "BCDF-GHJK");
  for (const no of ["", "BCDF-GHJ", "ABCD-EFGH", "BCDF-GHJK-L", "../../etc"]) {
    equal(readClaimCode(no), null, no);
  }
  const [one, two] = [await fingerprintOf("did:key:z1"), await fingerprintOf("did:key:z2")];
  notEqual(one, two);
  match(one, /^[0-9a-f]{4}( [0-9a-f]{4}){3}$/);
  ok(one === await fingerprintOf("did:key:z1"));
});
