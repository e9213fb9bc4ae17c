/**
 * Logins that are cut short: by the person while the provider is asked, by a terminal that goes away
 * before it learns the session's id, by a daemon that stops.
 *
 * @module
 */
import { deepEqual, equal, match } from "node:assert/strict";
import type { Session } from "../../core/api.ts";
import { StoreUnavailableError } from "../../core/errors.ts";
import { forgetSessions } from "../../daemon/auth_sessions.ts";
import type { MemoryVault } from "../../daemon/vault/memory_vault.ts";
import { hang, json, type RudeAnswer } from "../support/rude_server.ts";
import { until } from "../support/until.ts";
import { onStage, type Stage, stateOf, tokens } from "./support/rude_login_stage.ts";

const revocable = (server: { readonly origin: string }) => ({
  revocation_url: `${server.origin}/revoke`,
});

/** An answer that comes when the test lets it. */
function held(answer: () => Response) {
  const asked = Promise.withResolvers<void>();
  const let_go = Promise.withResolvers<void>();
  const reply: RudeAnswer = async () => {
    asked.resolve();
    await let_go.promise;
    return answer();
  };
  return { reply, asked: asked.promise, letGo: () => let_go.resolve() };
}

const both = () =>
  json({ access_token: "at-1", refresh_token: "rt-1", token_type: "Bearer", expires_in: 3600 });
const device: RudeAnswer = () =>
  json({
    device_code: "d-1",
    user_code: "ABCD-EFGH",
    verification_uri: "https://acme.test/device",
    expires_in: 600,
    interval: 1,
  });

Deno.test("tokens of an exchange that was cancelled meanwhile are revoked (RFC 7009)", async () => {
  const token = held(both);
  const answers = { "/token": token.reply, "/revoke": () => new Response(null) };
  await onStage(answers, async ({ begin, callback, owner, daemon, server }) => {
    const begun = await begin();
    const page = callback({ code: "c-1", state: stateOf(begun) });
    await token.asked;
    await owner.json("DELETE", `/auth/sessions/${begun.id}`);
    token.letGo();
    await page;

    await until(() => daemon.audit.filter(({ event }) => event === "revoke_outcome").length === 2);

    const revoked = server.requests.filter(({ path }) => path === "/revoke");
    deepEqual(revoked.map(({ form }) => form.get("token")), ["rt-1", "at-1"]);
    deepEqual(revoked.map(({ form }) => form.get("client_id")), ["app-1", "app-1"]);
    const [line] = daemon.audit.filter(({ event }) => event === "revoke_outcome");
    deepEqual([line!.status, line!.details], ["success", {
      token: "refresh_token",
      outcome: "revoked",
      reason: "login_cancelled",
    }]);
  }, revocable);
});

Deno.test("tokens of a device login that was cancelled while it was polled are revoked", async () => {
  const token = held(both);
  const answers = { "/device": device, "/token": token.reply, "/revoke": () => new Response(null) };
  await onStage(answers, async ({ begin, owner, server, session, daemon }) => {
    const begun = await begin({ flow: "device_code" });
    await token.asked;
    await owner.json("DELETE", `/auth/sessions/${begun.id}`);
    token.letGo();

    await until(() => daemon.audit.filter(({ event }) => event === "revoke_outcome").length === 2);

    const revoked = server.requests.filter(({ path }) => path === "/revoke");
    deepEqual(revoked.map(({ form }) => form.get("token")), ["rt-1", "at-1"]);
    equal((await session(begun.id)).status, "cancelled");
  }, revocable);
});

Deno.test("a login that the disk does not take ends, and its tokens are revoked", async (t) => {
  const revoke = () => new Response(null);
  for (const flow of ["pkce", "device_code"] as const) {
    await t.step(flow, async () => {
      const token = held(both);
      const answers = { "/device": device, "/token": token.reply, "/revoke": revoke };
      await onStage(answers, async ({ begin, callback, server, session, daemon }) => {
        const begun = await begin({ flow });
        const page = flow === "pkce" ? callback({ code: "c-1", state: stateOf(begun) }) : null;
        await token.asked;
        fillDiskFor(daemon.vault, ":connection:");
        token.letGo();
        await page;

        const outcomes = () => daemon.audit.filter(({ event }) => event === "revoke_outcome");
        await until(() => outcomes().length === 2);

        const { status, error } = await session(begun.id);
        deepEqual([status, error], ["failed", "Cannot write the vault: the disk is full"]);
        const revoked = server.requests.filter(({ path }) => path === "/revoke");
        deepEqual(revoked.map(({ form }) => form.get("token")), ["rt-1", "at-1"]);
      }, revocable);
    });
  }
});

Deno.test("a device login goes on when the vault could not be read for a moment", async () => {
  const answers = { "/device": device, "/token": both };
  await onStage(answers, async ({ begin, session, daemon }) => {
    let isAway = false;
    let asked = 0;
    const get = daemon.vault.get.bind(daemon.vault);
    daemon.vault.get = (key) => {
      if (!isAway || !key.startsWith("server:session:")) return get(key);
      isAway = false;
      asked++;
      return Promise.reject(new StoreUnavailableError("Cannot read the vault: it is away"));
    };
    const begun = await begin({ flow: "device_code" });
    isAway = true;

    await until(() =>
      daemon.audit.some(({ event, status }) => event === "login" && status === "success")
    );

    deepEqual([asked, (await session(begun.id)).status], [1, "completed"]);
  });
});

/** From now on nothing is written that has `part` in a key. */
function fillDiskFor(vault: MemoryVault, part: string): void {
  const write = vault.write.bind(vault);
  vault.write = (changes) =>
    changes.some(({ key }) => key.includes(part))
      ? Promise.reject(new StoreUnavailableError("Cannot write the vault: the disk is full"))
      : write(changes);
}

/** How a login can end without anybody who will use its client. */
const ENDINGS: Readonly<Record<string, (stage: Stage, begun: Session) => Promise<void>>> = {
  "is cancelled": async ({ owner }, { id }) => {
    await owner.json("DELETE", `/auth/sessions/${id}`);
  },
  "is refused by the person": async ({ callback }, begun) => {
    await callback({ error: "access_denied", state: stateOf(begun) });
  },
  "expires": async ({ daemon }) => {
    await forgetSessions(daemon.broker);
    equal(daemon.audit.filter(({ status }) => status === "failure").length, 0, "not before");
    daemon.clock.now = new Date(daemon.clock.now.getTime() + 16 * 60_000);
    await forgetSessions(daemon.broker);
    await forgetSessions(daemon.broker);
    const [line, ...more] = daemon.audit.filter(({ status }) => status === "failure");
    deepEqual([line!.event, line!.details, more], ["login", { error: "LoginExpiredError" }, []]);
  },
};

for (const [name, end] of Object.entries(ENDINGS)) {
  Deno.test(`a client that was registered for a login that ${name} is deleted (RFC 7592)`, async () => {
    const deleted = Promise.withResolvers<string | null>();
    let origin = "";
    const answers: Record<string, RudeAnswer> = {
      "/register": () =>
        json({
          client_id: "client-1",
          registration_client_uri: `${origin}/register/client-1`,
          registration_access_token: "manage-1",
        }, 201),
      "/register/client-1": ({ method, headers }) => {
        deleted.resolve(`${method} ${headers.get("authorization")}`);
        return new Response(null, { status: 204 });
      },
    };
    await onStage(answers, async (stage) => {
      origin = stage.server.origin;

      await end(stage, await stage.begin({ flow: "dcr_pkce" }));

      equal(await deleted.promise, "DELETE Bearer manage-1");
      equal(stage.server.requests.filter(({ path }) => path === "/register/client-1").length, 1);
    }, { token_endpoint_auth_method: "none" });
  });
}

const ID = "sess_0123456789abcdef0123456789abcdef";

Deno.test("a terminal that goes away before the answer cancels by the id it chose", async () => {
  await onStage({}, async ({ owner, session }) => {
    const request = { provider: "acme", session_id: ID };
    const begun = await owner.json<Session>("POST", "/auth/sessions", request);

    await owner.json("DELETE", `/auth/sessions/${ID}`);

    deepEqual([begun.id, (await session(ID)).status], [ID, "cancelled"]);
  });
});

Deno.test("a login that was given up before its request arrived does not begin", async () => {
  const answers = { "/device": device, "/token": tokens };
  await onStage(answers, async ({ owner, server, session }) => {
    equal((await owner.call("DELETE", `/auth/sessions/${ID}`)).status, 404);

    const late = await owner.json<Session>("POST", "/auth/sessions", {
      provider: "acme",
      flow: "device_code",
      session_id: ID,
    });

    deepEqual([late.status, (await session(ID)).status], ["cancelled", "cancelled"]);
    equal(server.requests.length, 0, "the provider was not asked");
  }, { client_id: "shipped", token_endpoint_auth_method: "none" });
});

Deno.test("an id that is taken, and one that is none, begin no login", async () => {
  await onStage({}, async ({ owner }) => {
    const request = { provider: "acme", session_id: ID };
    await owner.json("POST", "/auth/sessions", request);

    equal((await owner.call("POST", "/auth/sessions", request)).status, 409);
    for (const session_id of ["sess_1", "SESS_0123456789abcdef0123456789abcdef", ""]) {
      equal((await owner.call("POST", "/auth/sessions", { ...request, session_id })).status, 422);
    }
  });
});

Deno.test("a daemon that stops waits for a code that is being exchanged", async () => {
  const token = held(tokens);
  await onStage({ "/token": token.reply }, async ({ begin, callback, session, daemon }) => {
    const begun = await begin();
    const page = callback({ code: "c-1", state: stateOf(begun) });
    await token.asked;

    const settled = daemon.broker.exchanges.settle(10_000); // what the stop does first
    token.letGo();
    await settled;

    equal((await session(begun.id)).status, "completed");
    await page;
  });
});

Deno.test("a daemon that stops waits for the answer to a device's poll", async () => {
  const token = held(tokens);
  const answers = { "/device": device, "/token": token.reply };
  await onStage(answers, async ({ begin, session, daemon }) => {
    const begun = await begin({ flow: "device_code" });
    await token.asked;

    const settled = daemon.broker.exchanges.settle(10_000);
    token.letGo();
    await settled;

    equal((await session(begun.id)).status, "completed");
  });
});

Deno.test("a code that is still being exchanged when the daemon ends: the login says why it failed", async () => {
  const asked = Promise.withResolvers<void>();
  const token: RudeAnswer = () => {
    asked.resolve();
    return hang();
  };
  await onStage({ "/token": token }, async ({ begin, callback, session, daemon }) => {
    const begun = await begin();
    const page = callback({ code: "c-1", state: stateOf(begun) });
    await asked.promise;

    await daemon.broker.exchanges.settle(1);
    await daemon.stop();

    const words = "Cannot finish the login: the daemon was stopped in the middle of it";
    match((await page)[1], new RegExp(words));
    const { status, error } = await session(begun.id);
    deepEqual([status, error], ["failed", words]);
  });
});
