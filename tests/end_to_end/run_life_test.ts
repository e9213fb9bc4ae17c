/** How a run ends, what it survives, and what it leaves behind: nothing. */
import assert from "node:assert/strict";
import { homePaths } from "../../core/paths.ts";
import { ACME_HOST, ACME_KEY, type AcmeHome, openAcmeHome } from "../support/acme_home.ts";
import { startRun } from "../support/background_run.ts";
import { until } from "../support/until.ts";

let acme: AcmeHome;

Deno.test.beforeAll(async () => {
  acme = await openAcmeHome();
});
Deno.test.afterAll(async () => {
  await acme.close();
});

/** A run whose temporary directories can be counted. */
async function temporary(): Promise<{ TMPDIR: string }> {
  return { TMPDIR: await Deno.makeTempDir({ dir: acme.directory }) };
}

function entries(directory: string): string[] {
  return [...Deno.readDirSync(directory)].map((entry) => entry.name);
}

const ENDINGS: readonly { name: string; command: string[]; code: number; says?: RegExp }[] = [
  { name: "success", command: ["true"], code: 0 },
  { name: "the child's own code", command: ["sh", "-c", "exit 37"], code: 37 },
  { name: "128 + the child's signal", command: ["sh", "-c", "kill -TERM $$"], code: 143 },
  { name: "128 + 9 for a killed child", command: ["sh", "-c", "kill -KILL $$"], code: 137 },
  { name: "127 for no such command", command: ["no-such-command-here"], code: 127 },
  { name: "126 for what cannot be executed", command: ["/etc/passwd"], code: 126, says: /denied/ },
  { name: "126 for a directory", command: ["/etc"], code: 126, says: /\/etc: is a directory$/m },
];

for (const { name, command, code, says = /^/ } of ENDINGS) {
  Deno.test(`run ends with ${name} and leaves no file behind`, async () => {
    const env = await temporary();
    const result = await acme.run(command, { env });
    assert.equal(result.code, code, result.stderr);
    assert.match(result.stderr, says);
    assert.deepEqual(entries(env.TMPDIR), []);
  });
}

Deno.test("standard input, output and error are the child's", async () => {
  const { code, stdout, stderr } = await acme.home.authsome(
    ["run", "--quiet", "--", "sh", "-c", "cat; echo err >&2"],
    { input: "from the terminal\n" },
  );
  assert.deepEqual([code, stdout, stderr], [0, "from the terminal\n", "err\n"]);
});

Deno.test("options behind the command are the command's", async () => {
  const { stdout } = await acme.run(["echo", "--only", "x", "--json", "--help"]);
  assert.equal(stdout, "--only x --json --help\n");
});

const MISUSE: readonly { name: string; args: string[]; says: RegExp; code: number }[] = [
  { name: "no command", args: ["run"], says: /no command is given/, code: 2 },
  { name: "an empty --only", args: ["run", "--only", ",", "--", "true"], says: /--only/, code: 2 },
  {
    name: "a malformed --connection",
    args: ["run", "--connection", "acme", "--", "true"],
    says: /P=C/,
    code: 2,
  },
  {
    name: "a malformed --connect-to",
    args: ["run", "--connect-to", "a:b", "--", "true"],
    says: /HOST:PORT:ADDRESS:PORT/,
    code: 2,
  },
  {
    name: "an unknown provider",
    args: ["run", "--only", "acmee", "--", "true"],
    says: /acmee/,
    code: 4,
  },
  {
    name: "an unknown connection",
    args: ["run", "--connection", "acme=work", "--", "true"],
    says: /acme\/work/,
    code: 3,
  },
];

for (const { name, args, says, code } of MISUSE) {
  Deno.test(`run refuses ${name} before anything is started`, async () => {
    const env = await temporary();
    const result = await acme.home.authsome(args, { env });
    assert.equal(result.code, code, result.stderr);
    assert.match(result.stderr, says);
    assert.deepEqual(entries(env.TMPDIR), []);
  });
}

for (const way of ["by its path", "by its name"]) {
  Deno.test(`a script whose interpreter is gone, called ${way}, is not called missing`, async () => {
    const directory = await Deno.makeTempDir({ dir: acme.directory });
    const script = `${directory}/old_tool`;
    await Deno.writeTextFile(script, "#!/gone/venv/bin/python\n", { mode: 0o755 });

    const { code, stderr } = await acme.run(
      [way === "by its path" ? script : "old_tool"],
      { env: { PATH: `${directory}:${Deno.env.get("PATH")}` } },
    );

    assert.equal(code, 126);
    assert.match(stderr, /old_tool: its interpreter \/gone\/venv\/bin\/python is not there\n/);
  });
}

Deno.test("a bad HTTPS_PROXY is said before the child is started, and nothing is left", async () => {
  const env = { ...await temporary(), HTTPS_PROXY: "socks5://corp:1" };
  const { code, stderr } = await acme.run(["true"], { env });
  assert.equal(code, 2);
  assert.match(stderr, /Cannot use HTTPS_PROXY/);
  assert.deepEqual(entries(env.TMPDIR), []);
});

Deno.test("--only leaves the others out: no placeholder, no interception", async () => {
  await acme.home.authsome(["login", "openai", "--stdin"], {
    input: "sk-0123456789abcdefghijklmn",
  });
  const { stdout, stderr } = await acme.home.authsome(
    ["run", "--only", "openai", "--", "sh", "-c", "echo key=${ACME_API_KEY:-none}"],
  );
  await acme.home.authsome(["logout", "openai"]);
  assert.equal(stdout, "key=none\n");
  assert.match(stderr, /granted openai\/default/);
});

Deno.test("--only of a provider that nobody is logged in to starts nothing", async () => {
  const env = await temporary();
  const { code, stdout, stderr } = await acme.home.authsome(
    ["run", "--only", "acme,github", "--", "echo", "started"],
    { env },
  );
  assert.deepEqual([code, stdout], [5, ""]);
  assert.match(
    stderr,
    /Cannot run with github: nobody is logged in\n {2}→ Run: authsome login github/,
  );
  assert.deepEqual(entries(env.TMPDIR), []);
});

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  Deno.test(`${signal} reaches the child, and its end is ours`, async () => {
    const env = await temporary();
    const run = startRun(
      acme,
      `trap 'echo got; exit 5' ${signal.slice(3)}; echo ready; while :; do sleep 0.05; done`,
      env,
    );
    await run.says("ready");
    run.child.kill(signal);
    await run.says("got");
    assert.equal((await run.finish()).code, 5);
    assert.deepEqual(entries(env.TMPDIR), []);
  });
}

Deno.test("a child that ignores a signal goes on, and so does its run", async () => {
  const env = await temporary();
  const run = startRun(acme, "trap '' TERM; echo ready; read line; echo $line; exit 6", env);
  await run.says("ready");
  run.child.kill("SIGTERM");
  await run.type("still here");
  await run.says("still here");
  assert.equal((await run.finish()).code, 6);
  assert.deepEqual(entries(env.TMPDIR), []);
});

Deno.test("what a killed run left behind is gone after the next one", async () => {
  const env = await temporary();
  const run = startRun(acme, "echo $$; echo ready; read line", env);
  await run.says("ready");
  const [left] = entries(env.TMPDIR);
  assert.equal(entries(env.TMPDIR).length, 1);
  run.child.kill("SIGKILL");
  await run.finish();

  // It tidies up while its child runs, so this one waits for that.
  await acme.run(["sh", "-c", `while [ -e ${env.TMPDIR}/${left} ]; do sleep 0.02; done`], { env });

  assert.deepEqual(entries(env.TMPDIR), []);
});

const hasCurl = new Deno.Command("sh", { args: ["-c", "command -v curl"], stdout: "null" })
  .outputSync().success;
const FETCH =
  `curl -s -o "$TMPDIR/body" -w '%{http_code}\\n' -H "X-Api-Key: $ACME_API_KEY" https://${ACME_HOST}`;

Deno.test("a logout during the run: the next request goes without; a login: with again", {
  ignore: !hasCurl,
}, async () => {
  const env = { ...await temporary(), SSL_CERT_FILE: `${acme.directory}/acme-roots.pem` };
  const run = startRun(acme, `while read path; do ${FETCH}/$path; done`, {
    ...env,
    CURL_CA_BUNDLE: "",
    REQUESTS_CA_BUNDLE: "",
  });
  const keyOf = (path: string) =>
    acme.api.requests.find(({ target }) => target === path)?.headers.get("x-api-key");

  await run.type("one");
  await run.says("200");
  assert.equal(keyOf("/one"), ACME_KEY);

  await acme.home.authsome(["logout", "acme"]);
  await run.type("two");
  await run.says("200");
  assert.notEqual(keyOf("/two"), ACME_KEY);

  await acme.home.authsome(["login", "acme", "--stdin"], { input: `${ACME_KEY}\n` });
  await run.type("three");
  await run.says("200");
  assert.equal(keyOf("/three"), ACME_KEY);
  await run.finish();
});

Deno.test("a daemon killed with -9 during the run: fail closed, then it works again", {
  ignore: !hasCurl,
}, async () => {
  const env = { ...await temporary(), SSL_CERT_FILE: `${acme.directory}/acme-roots.pem` };
  const run = startRun(acme, `while read path; do ${FETCH}/$path; done`, {
    ...env,
    CURL_CA_BUNDLE: "",
    REQUESTS_CA_BUNDLE: "",
  });
  await run.type("before");
  await run.says("200");

  const state = homePaths(acme.home.path).server.state;
  const { pid } = JSON.parse(await Deno.readTextFile(state));
  Deno.kill(pid, "SIGKILL");

  // The run brings it back by itself; until then nothing goes out without the key.
  let path = 0;
  await until(async () => {
    await run.type(`after${++path}`);
    return await run.line() === "200";
  });
  await run.finish();

  const after = acme.api.requests.filter(({ target }) => target.startsWith("/after"));
  assert.ok(after.length > 0);
  for (const request of after) assert.equal(request.headers.get("x-api-key"), ACME_KEY);
  assert.notEqual(JSON.parse(await Deno.readTextFile(state)).pid, pid);
});
