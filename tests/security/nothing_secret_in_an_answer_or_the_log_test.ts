/**
 * Invariant: nothing secret in a log, an error or a page.
 *
 * The attack: whoever reads a log, an error message, the audit log or a page finds a key in it. Every
 * route is called in every wrong way there is, with a key stored and a key typed, and all that comes
 * back is searched for both.
 *
 * @module
 */
import { deepEqual, equal } from "node:assert/strict";
import type { Session } from "../../core/api.ts";
import {
  BASE_URL,
  CANARY,
  grantRun,
  logIn,
  openTestDaemon,
  registerOwner,
  REGISTRATION_TOKEN,
} from "../daemon/support/test_daemon.ts";

/** A key that is typed and refused. */
const TYPED = "typed-canary-0a1b2c3d4e5f60718293";

/** Fields that answer with secrets on purpose. */
const MAY_SHOW = /resolve|export|show_secrets=true/;

Deno.test("no answer, no log line and no audit line holds a secret", async () => {
  const daemon = await openTestDaemon();
  const owner = await registerOwner(daemon);
  await logIn(owner, "acme");
  await logIn(owner, "pair", { account_id: "AC42", auth_token: CANARY });
  const session = await owner.json<Session>("POST", "/auth/sessions", { provider: "strict" });
  const { run } = await grantRun(daemon, owner);
  const said: string[] = [];
  const ask = async (answer: Promise<Response>) => {
    const response = await answer;
    if (response.body !== null) said.push(await response.text());
  };

  const bodies = [
    undefined,
    {},
    [],
    { api_key: TYPED },
    { data: { api_key: TYPED } },
    {
      definition: { name: "x", api_key: TYPED },
    },
    { provider: TYPED },
    { provider: "acme", connection: TYPED.toUpperCase() },
  ];
  const paths = [
    "/health",
    "/ready",
    "/whoami",
    "/identities",
    "/identities/register",
    "/auth/sessions",
    `/auth/sessions/${session.id}`,
    `/auth/sessions/${session.id}/resume`,
    `/auth/sessions/${session.id}/input`,
    `/auth/sessions/${session.id}/device`,
    `/auth/callback/oauth?state=${TYPED}&code=${TYPED}`,
    "/connections",
    "/connections/acme/default",
    `/connections/acme/${TYPED}`,
    "/connections/pair/default",
    "/connections/acme/default/default",
    "/providers",
    "/provider-names",
    "/providers/acme",
    `/providers/${TYPED}`,
    "/proxy/routes",
    "/grants",
    "/grants/self",
    `/grants/${TYPED}`,
  ].filter((path) => !MAY_SHOW.test(path));
  for (const path of paths) {
    for (const method of ["GET", "POST", "DELETE"]) {
      for (const body of method === "GET" ? [undefined] : bodies) {
        await ask(owner.call(method, path, body));
        await ask(run.call(method, path, body));
      }
    }
  }
  for (const value of [TYPED, `${TYPED}\n`, `${TYPED}\0`]) {
    const fresh = await owner.json<Session>("POST", "/auth/sessions", { provider: "strict" });
    const path = `/auth/sessions/${fresh.id}`;
    await ask(owner.call("POST", `${path}/resume`, { data: { api_key: value } }));
    const page = await (await daemon.request(`${path}/input`)).text();
    const form_token = /name="form_token" value="([0-9a-f]+)"/.exec(page)![1]!;
    await ask(daemon.request(`${path}/input`, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded", origin: BASE_URL },
      body: new URLSearchParams({ form_token, api_key: value }).toString(),
    }));
  }

  const everything = [...said, ...daemon.log, JSON.stringify(daemon.audit)];
  equal(said.length > 200, true);
  // A name that somebody asked for may be repeated to that somebody; it was never a secret.
  const leaks = (secret: string, texts: readonly string[]) =>
    texts.filter((text) => text.includes(secret)).map((text) => text.slice(0, 300));
  deepEqual(leaks(CANARY, everything), []);
  deepEqual(leaks(REGISTRATION_TOKEN, everything), []);
  deepEqual(leaks(TYPED, [...daemon.log, JSON.stringify(daemon.audit)]), []);
  deepEqual(
    leaks(TYPED, said).filter((text) => !/"(provider|connection)":|Cannot find/.test(text)),
    [],
  );
  await daemon.stop();
});
