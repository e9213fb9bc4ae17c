/**
 * `doctor --run`: what each kind of program turns out to be, with the real proxy in between. Deno
 * stands for all of them, because it is always there.
 */
import { deepEqual, equal, match, ok, rejects, throws } from "node:assert/strict";
import { kill } from "node:process";
import { NOT_INSTALLED, type Runtime, RUNTIMES } from "../../cli/doctor/runtimes.ts";
import { runtimesCheck, tryRuntimes } from "../../cli/doctor/try_runtimes.ts";
import { makeTestCertificate } from "../support/tls_upstream.ts";
import { pathWithDeno } from "../support/deno_on_path.ts";
import { until } from "../support/until.ts";

// The first key of a process takes long enough to outlive a short test (see Engine.warmUp).
await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);

const DENO = RUNTIMES.find(({ program }) => program === "deno")!;
const ends = (code: string): Runtime => ({ ...DENO, args: ["eval", code, "URL"] });

const KINDS: Readonly<Record<string, readonly [runtime: Runtime, outcome: string | null]>> = {
  "one that works": [DENO, "works"],
  "one that does not trust the run's authority": [
    {
      ...DENO,
      // The system's store is what SSL_CERT_FILE names, which would be trusted.
      env: { DENO_CERT: "OTHER", NODE_EXTRA_CA_CERTS: "OTHER", DENO_TLS_CA_STORE: "mozilla" },
    },
    "distrusts",
  ],
  "one that ignores the proxy": [
    { ...DENO, env: { HTTPS_PROXY: "", https_proxy: "", HTTP_PROXY: "", http_proxy: "" } },
    "bypasses",
  ],
  "one that makes no request": [ends("Deno.exit(0)"), "bypasses"],
  "one that fails with what it got": [
    ends("await (await fetch(Deno.args[0])).text(); Deno.exit(3)"),
    "failed",
  ],
  "one whose library is not here": [ends(`Deno.exit(${NOT_INSTALLED})`), null],
  "one that this machine does not have": [{ ...DENO, program: "no-such-program" }, null],
};

Deno.test("each kind of program is told from the others", async () => {
  const other = await Deno.makeTempFile({ suffix: ".pem" });
  await Deno.writeTextFile(other, makeTestCertificate(["other.test"]).authorityPem);
  const runtimes = Object.entries(KINDS).map(([name, [runtime]]) => ({
    ...runtime,
    name,
    env: Object.fromEntries(
      Object.entries(runtime.env ?? {})
        .map(([key, value]) => [key, value === "OTHER" ? other : value]),
    ),
  }));
  const environment = { ...Deno.env.toObject(), PATH: pathWithDeno(Deno.env.get("PATH") ?? "") };

  const tried = await tryRuntimes({ environment, runtimes });

  await Deno.remove(other);

  const outcomes = Object.fromEntries(tried.map(({ name, outcome }) => [name, outcome]));
  const expected = Object.entries(KINDS).flatMap(([name, [, outcome]]) =>
    outcome === null ? [] : [[name, outcome]]
  );
  deepEqual(outcomes, Object.fromEntries(expected));
  const check = runtimesCheck(tried);
  match(check.state, /^Not every program works behind the proxy: one that does not trust/);
  equal(check.problems.length, 4);
  ok(check.problems.every(({ mend }) => mend.includes("docs/clients.md")));
});

Deno.test("a trial that is broken off leaves neither its program nor its directory", async () => {
  const marker = await Deno.makeTempFile();
  const hangs = ends(
    `Deno.writeTextFileSync(${JSON.stringify(marker)}, JSON.stringify([Deno.pid, Deno.cwd()]));` +
      "setInterval(() => {}, 1e6)",
  );
  const environment = { ...Deno.env.toObject(), PATH: pathWithDeno(Deno.env.get("PATH") ?? "") };
  const leaving = new AbortController();
  const trying = tryRuntimes({ environment, runtimes: [hangs, hangs], signal: leaving.signal });
  let said = "";
  // Both write it: the second one may be about to, with the file empty.
  await until(() => (said = Deno.readTextFileSync(marker)) !== "");
  const [pid, directory] = JSON.parse(said);

  leaving.abort(new Error("you cancelled"));

  await rejects(trying, /you cancelled/);
  throws(() => kill(pid, 0), { code: "ESRCH" });
  throws(() => Deno.statSync(directory), Deno.errors.NotFound);
  await Deno.remove(marker);
});

Deno.test("a machine without any of them is no failure", async () => {
  const tried = await tryRuntimes({ environment: { PATH: "" } });

  deepEqual([tried, runtimesCheck(tried).state], [[], "ok"]);
});
