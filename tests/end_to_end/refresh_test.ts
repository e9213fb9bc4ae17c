/**
 * Refreshes by the real, confined daemon through its relay: over a restart in the middle of one, over
 * `kill -9`, and their end with `revoke`.
 *
 * @module
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { DaemonClient } from "../../client/daemon_client.ts";
import { loadSigner } from "../../client/identity.ts";
import { readSettings } from "../../core/config.ts";
import { homePaths } from "../../core/paths.ts";
import { type LoginStage, withLoginStage } from "../support/login_stage.ts";
import { RotationRecord } from "../support/rotation_record.ts";
import { trustingFetch } from "../support/trusting_fetch.ts";
import { until } from "../support/until.ts";
import { Visitor } from "../support/visitor.ts";

const PAGE = /^ {2}(https?:\/\/\S+)$/m;
/** Each costs a start of the daemon. */
const KILLS = Number(Deno.env.get("AUTHSOME_TEST_DAEMON_KILLS") ?? "6");

/** Logs in to `acme` as a person does. */
async function logIn(stage: LoginStage): Promise<void> {
  const login = stage.start(["login", "acme", "--no-browser", "--force"]);
  const [, url] = await login.until(PAGE);
  using trusting = trustingFetch(stage.server.root);
  const callback = await new Visitor(trusting.fetch).authorize(url!, true);
  await (await trusting.fetch(callback)).text();
  const { code, stderr } = await login.finished;
  equal(code, 0, stderr);
}

/** A client of the daemon that runs; the command brings one up where none does. */
async function clientOf(stage: LoginStage): Promise<DaemonClient> {
  const { code, stderr } = await stage.run(["daemon", "start"]);
  equal(code, 0, stderr);
  const signer = await loadSigner(
    readSettings((name) => name === "AUTHSOME_HOME" ? stage.home.path : undefined),
  );
  const { host, port } = await stage.daemon();
  return new DaemonClient({ baseUrl: `http://${host}:${port}`, signer, fetch: fetchOnce });
}

/** Keeps no connection open: the daemons of these tests come and go. */
async function fetchOnce(url: string | URL | Request, init?: RequestInit): Promise<Response> {
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  const response = await fetch(url, { ...init, client });
  return new Response(await response.arrayBuffer(), response);
}

/** As the proxy asks after a 401. */
async function refresh(client: DaemonClient): Promise<string> {
  const rejected_at = new Date().toISOString();
  const { headers } = await client.resolveCredential({ provider: "acme", rejected_at });
  return headers["Authorization"]!.slice("Bearer ".length);
}

/** The refresh tokens that the server was shown, in order. */
function redeemed({ server }: LoginStage): unknown[] {
  return server.served
    .filter(({ path, parameters }) => path === "/token" && parameters["refresh_token"])
    .map(({ parameters }) => parameters["refresh_token"]);
}

Deno.test("a daemon that is replaced by another in the middle of a refresh: the token is redeemed once", async () => {
  await withLoginStage(async (stage) => {
    await stage.register("acme");
    await logIn(stage);
    const before = await clientOf(stage);
    const answers = stage.server.holdAnswers("/token");
    const underWay = refresh(before).catch(() => "cut off");
    await answers.arrived;

    const restart = stage.run(["daemon", "restart"]);
    // The old one has taken its state away and waits for the refresh.
    await until(() => isGone(homePaths(stage.home.path).server.state));
    answers.release();
    equal((await restart).code, 0);
    await underWay;

    const after = await clientOf(stage);
    const { status } = await after.getConnection({ provider: "acme", connection: "default" });
    equal(status, "connected");
    ok((await stage.server.introspect(await refresh(after))).active);
    const tokens = redeemed(stage);
    deepEqual(tokens, [...new Set(tokens)], "none was redeemed twice");
    equal(tokens.length, 2);
  });
});

Deno.test(`${KILLS} daemons killed while they refresh: it works, or its token was rotated and the reply never came`, async () => {
  await withLoginStage(async (stage) => {
    await stage.register("acme");
    await logIn(stage);
    const record = new RotationRecord(stage.server);
    for (let kill = 0; kill < KILLS; kill++) {
      const client = await clientOf(stage);
      const { pid } = await stage.daemon();
      const refreshing = refreshUntilItEnds(client);
      // The moment of the kill.
      await new Promise((resolve) => setTimeout(resolve, 30 + Math.random() * 150));
      Deno.kill(pid, "SIGKILL");
      await refreshing;

      const after = await clientOf(stage);
      const ref = { provider: "acme", connection: "default" };
      const works = await refresh(after).then(() => true, () => false);
      const detail = await after.getConnection(ref, { showSecrets: true });
      equal(detail.status, works ? "connected" : "needs_reauth");
      if (works) continue;
      ok(record.wasRotated(detail.refresh_token!), "it died for no reason");
      await logIn(stage);
    }
    ok(record.size > 0);
  });
});

Deno.test("revoke ends the login at the server, through the relay, and leaves nothing", async () => {
  await withLoginStage(async (stage) => {
    await stage.register("acme", {
      oauth: { revocation_url: `${stage.server.issuer}/token/revocation` },
    });
    await logIn(stage);
    const token = await refresh(await clientOf(stage));

    const { code, stdout, stderr } = await stage.run(["revoke", "acme"]);

    equal(code, 0, stderr);
    match(stdout, /Forgot 1 connection of acme/);
    equal((await stage.server.introspect(token)).active, false);
    equal((await stage.run(["get", "acme"])).code, 5);
  });
});

async function refreshUntilItEnds(client: DaemonClient): Promise<void> {
  try {
    for (;;) await refresh(client);
  } catch {
    // The daemon is dead, or the connection is.
  }
}

async function isGone(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => false, () => true);
}
