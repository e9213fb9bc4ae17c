/**
 * A run that is killed, a machine that sleeps, a child that leaves something running: nothing goes
 * out without its key, and nothing of the run stays behind.
 */
import assert from "node:assert/strict";
import { homePaths } from "../../core/paths.ts";
import { ACME_HOST, ACME_KEY, type AcmeHome, openAcmeHome } from "../support/acme_home.ts";
import { startRun } from "../support/background_run.ts";
import { works } from "../support/client_programs.ts";
import { processesOf } from "../support/processes_of.ts";
import { until } from "../support/until.ts";

const ignore = !await works("curl", "--version");

/** Prints the status of one request; 000 when there was no answer at all. */
const FETCH =
  `curl -s -o /dev/null -w '%{http_code}\\n' --max-time 20 -H "X-Api-Key: $ACME_API_KEY" https://${ACME_HOST}`;

let acme: AcmeHome;

Deno.test.beforeAll(async () => {
  acme = await openAcmeHome();
});
Deno.test.afterAll(async () => {
  await acme.close();
});

/** An environment with temporary directories of its own. */
async function ownEnvironment() {
  return {
    TMPDIR: await Deno.makeTempDir({ dir: acme.directory }),
    SSL_CERT_FILE: `${acme.directory}/acme-roots.pem`,
    CURL_CA_BUNDLE: "",
    REQUESTS_CA_BUNDLE: "",
  };
}

function entries(directory: string): string[] {
  return [...Deno.readDirSync(directory)].map((entry) => entry.name);
}

function seenAt(path: string) {
  return acme.api.requests.filter(({ target }) => target === path);
}

async function isListening(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}

const portOf = (proxyUrl: string) => Number(new URL(proxyUrl).port);

Deno.test("what a child leaves running, forked twice, outlives the run without proxy and key", {
  ignore,
}, async () => {
  const env = await ownEnvironment();
  const files = await Deno.makeTempDir({ dir: acme.directory });
  const run = startRun(
    acme,
    `( ( trap '' HUP TERM
         echo $HTTPS_PROXY > ${files}/proxy
         while [ ! -e ${files}/go ]; do sleep 0.02; done
         ${FETCH}/grandchild > ${files}/status
         mv ${files}/status ${files}/done ) >/dev/null 2>&1 </dev/null & )
     while [ ! -s ${files}/proxy ]; do sleep 0.02; done
     ${FETCH}/child; exit 3`,
    env,
  );
  await run.says("200");

  assert.equal((await run.finish()).code, 3);

  assert.deepEqual(entries(env.TMPDIR), []);
  const port = portOf(await Deno.readTextFile(`${files}/proxy`));
  // Another test may be given the port, for a moment.
  await until(async () => !await isListening(port));
  await Deno.writeTextFile(`${files}/go`, "");
  await until(() => entries(files).includes("done"));
  assert.equal(await Deno.readTextFile(`${files}/done`), "000\n");
  assert.deepEqual(seenAt("/grandchild"), []);
  assert.equal(seenAt("/child").length, 1);
});

Deno.test("a run killed with -9: its child reaches nothing, and the next run tidies up", {
  ignore,
}, async () => {
  const env = await ownEnvironment();
  const run = startRun(
    acme,
    `echo $HTTPS_PROXY; while read path; do ${FETCH}/$path; done; echo bye`,
    env,
  );
  const port = portOf(await run.line());
  await run.type("before-kill");
  await run.says("200");

  run.child.kill("SIGKILL");
  await run.child.status;
  await run.type("after-kill");
  await run.says("000");

  assert.deepEqual(seenAt("/after-kill"), []);
  // Another test may be given the port, for a moment.
  await until(async () => !await isListening(port));
  const [left] = entries(env.TMPDIR);
  assert.equal(entries(env.TMPDIR).length, 1);
  await run.finish();
  // It tidies up while its child runs, so this one waits for that.
  const next = await acme.run(
    ["sh", "-c", `while [ -e ${env.TMPDIR}/${left} ]; do sleep 0.02; done`],
    { env },
  );
  assert.equal(next.code, 0, next.stderr);
  assert.deepEqual(entries(env.TMPDIR), []);
  assert.deepEqual(processesOf(env.TMPDIR), []);
});

Deno.test("a run, its daemon and its relay stopped for a while go on as if nothing had been", {
  ignore: ignore || Deno.build.os === "windows",
}, async () => {
  const run = startRun(acme, `while read path; do ${FETCH}/$path; done`, await ownEnvironment());
  await run.type("before-sleep");
  await run.says("200");
  const { pid, relay_pid } = JSON.parse(
    await Deno.readTextFile(homePaths(acme.home.path).server.state),
  );
  const all: number[] = [run.child.pid, pid, relay_pid];

  for (const each of all) Deno.kill(each, "SIGSTOP");
  // Asked while everything sleeps.
  await run.type("during-sleep");
  for (const each of all) Deno.kill(each, "SIGCONT");

  await run.says("200");
  await run.type("after-sleep");
  await run.says("200");
  assert.equal((await run.finish()).code, 0);
  for (const path of ["/before-sleep", "/during-sleep", "/after-sleep"]) {
    assert.deepEqual(seenAt(path).map(({ headers }) => headers.get("x-api-key")), [ACME_KEY]);
  }
});

Deno.test("a child that ignores every signal: the run waits for it, and tidies up after it", async () => {
  const env = await ownEnvironment();
  const run = startRun(
    acme,
    "trap '' INT TERM HUP QUIT; echo ready; while read line; do echo $line; done; exit 9",
    env,
  );
  await run.says("ready");

  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGTERM", "SIGINT"] as const) {
    run.child.kill(signal);
    await run.type(signal);
    await run.says(signal);
  }

  assert.equal((await run.finish()).code, 9);
  assert.deepEqual(entries(env.TMPDIR), []);
});
