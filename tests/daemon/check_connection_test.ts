/**
 * `POST /connections/{provider}/{connection}/check`: the provider's answer, told in one word; the
 * credential goes to its own host and nowhere else.
 */
import { deepEqual, equal, match } from "node:assert/strict";
import type { CheckedConnection } from "../../core/api.ts";
import { EndpointUnreachableError } from "../../core/errors.ts";
import {
  CANARY,
  grantRun,
  logIn,
  openTestDaemon,
  registerOwner,
  type TestDaemonOptions,
} from "./support/test_daemon.ts";

const PROVIDER = {
  name: "acme",
  display_name: "Acme",
  auth_type: "api_key",
  hosts: ["api.acme.test"],
  injection: { type: "header", name: "X-Api-Key", value: "{api_key}" },
  fields: [{ name: "api_key", label: "API key", secret: true }],
  check_url: "https://api.acme.test/v1/me",
};

/** Checks one login against what `answer` says; what was asked, too. */
async function check(
  answer: () => Response | Promise<Response>,
  provider: Record<string, unknown> = PROVIDER,
  options: TestDaemonOptions = {},
): Promise<{ result: CheckedConnection; asked: Request[]; allowed: string[] }> {
  const asked: Request[] = [];
  const allowed: string[] = [];
  const daemon = await openTestDaemon({
    providers: [provider],
    fetch: async (input, init) => {
      asked.push(new Request(input, init));
      return await answer();
    },
    allowHosts: (hosts) => void allowed.push(...hosts),
    ...options,
  });
  try {
    const owner = await registerOwner(daemon);
    await logIn(owner, "acme");
    const result = await owner.json<CheckedConnection>(
      "POST",
      "/connections/acme/default/check",
      {},
    );
    return { result, asked, allowed };
  } finally {
    await daemon.stop();
  }
}

const AGAIN = "authsome login acme --connection default --force";

const ANSWERS: Readonly<
  Record<string, readonly [answer: () => Response, outcome: string, mend: string | null]>
> = {
  "200": [() => Response.json({ id: 1 }), "works", null],
  "204": [() => new Response(null, { status: 204 }), "works", null],
  "200 that is no JSON": [() => new Response("<html>"), "works", null],
  "200 that says no": [() => Response.json({ ok: false, error: "invalid_auth" }), "refused", AGAIN],
  "401": [() => new Response(null, { status: 401 }), "refused", AGAIN],
  "403": [() => new Response(null, { status: 403 }), "refused", AGAIN],
  "404": [() => new Response(null, { status: 404 }), "unsure", null],
  "429": [() => new Response(null, { status: 429 }), "unsure", null],
  "302 to elsewhere": [
    () => new Response(null, { status: 302, headers: { location: "https://evil.test/" } }),
    "unsure",
    null,
  ],
  "503": [
    () => new Response(null, { status: 503 }),
    "unreachable",
    "authsome doctor --live    in a while",
  ],
};

Deno.test("each answer of a provider is told in one word, and what mends it", async (t) => {
  for (const [title, [answer, outcome, mend]] of Object.entries(ANSWERS)) {
    await t.step(title, async () => {
      const { result, asked, allowed } = await check(answer);

      deepEqual([result.outcome, result.mend, result.host], [outcome, mend, "api.acme.test"]);
      equal(result.http_status, answer().status);
      equal(asked.length, 1, "nothing is followed, nothing is asked twice");
      equal(asked[0]!.url, "https://api.acme.test/v1/me");
      equal(asked[0]!.headers.get("x-api-key"), CANARY);
      deepEqual(allowed, ["api.acme.test"]);
      equal(JSON.stringify(result).includes(CANARY), false);
    });
  }
});

Deno.test("a provider that cannot be reached is told, with why", async () => {
  const { result } = await check(() => {
    throw new EndpointUnreachableError("Cannot reach https://api.acme.test: the relay is gone", {
      hint: "Run: authsome doctor",
    });
  });

  deepEqual([result.outcome, result.problem, result.mend], [
    "unreachable",
    "the relay is gone",
    "authsome doctor",
  ]);
});

Deno.test("the clock is compared with the provider's Date", async () => {
  const date = "Sun, 01 Mar 2026 11:58:00 GMT"; // the test's clock says 12:00
  const { result } = await check(() => new Response("{}", { headers: { date } }));
  const silent = await check(() => new Response("{}"));

  equal(result.clock_ahead_seconds, 120);
  equal(silent.result.clock_ahead_seconds, null);
});

Deno.test("without a harmless call nobody is asked; nor where the credential does not belong", async () => {
  const { check_url: _, ...silent } = PROVIDER;
  const never = () => {
    throw new Error("nobody may be asked");
  };

  for (const provider of [silent, { ...PROVIDER, check_url: "https://other.test/me" }]) {
    const { result, asked } = await check(never, provider);

    deepEqual([result.outcome, result.host, asked.length], ["untried", null, 0]);
  }
});

Deno.test("a run may not ask, and what is not there is not asked about", async () => {
  const daemon = await openTestDaemon();
  const owner = await registerOwner(daemon);
  await logIn(owner, "acme");
  const { run } = await grantRun(daemon, owner);

  const byRun = await run.call("POST", "/connections/acme/default/check", {});
  const missing = await owner.call("POST", "/connections/acme/work/check", {});
  const unknown = await owner.call("POST", "/connections/nosuch/default/check", {});

  deepEqual([byRun.status, missing.status, unknown.status], [403, 404, 404]);
  match((await missing.json()).hint, /authsome login acme --connection work/);
  await byRun.body?.cancel();
  await unknown.body?.cancel();
  await daemon.stop();
});
