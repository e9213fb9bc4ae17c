import assert from "node:assert/strict";
import { relative } from "node:path";
import { isForbiddenVariable } from "../../core/environment_name.ts";
import { Secret } from "../../core/secret.ts";
import { createAuthority } from "../../proxy/certificate_authority.ts";
import { childEnvironment } from "../../proxy/child_env.ts";
import { createRunDirectory, removeLeftovers } from "../../proxy/run_directory.ts";
import { readOwnTrust, type TrustFiles, writeTrustFiles } from "../../proxy/trust_store.ts";
import { works } from "../support/client_programs.ts";
import { until } from "../support/until.ts";

const TRUST: TrustFiles = {
  bundle: "/run/bundle.pem",
  authority: "/run/authority.pem",
  javaStore: "/run/trust.jks",
  wgetrc: "/run/wgetrc",
  curlHome: "/run",
  phpDirectory: "/run/php",
  nodeBootstrap: "/run/with space/boot.cjs",
  writeLate: () => {},
};

function environmentOf(
  base: Record<string, string>,
  trust: TrustFiles = TRUST,
): Record<string, string> {
  return childEnvironment({
    base,
    proxyUrl: new Secret("http://authsome:s3@127.0.0.1:1"),
    proxyPort: 1,
    trust,
    variables: [{
      name: "ACME_KEY",
      provider: "acme",
      connection: "default",
      field: "api_key",
      pattern: null,
      value: null,
    }],
  });
}

Deno.test("authsome's own secrets and real keys of granted providers do not reach the child", () => {
  const environment = environmentOf({
    AUTHSOME_MASTER_KEY: "m",
    AUTHSOME_MASTER_KEY_FILE: "/m",
    AUTHSOME_NEW_MASTER_KEY: "n",
    AUTHSOME_BACKUP_PASSPHRASE: "b",
    AUTHSOME_IDENTITY_PRIVATE_KEY: "p",
    ACME_KEY: "the real key",
    AUTHSOME_HOME: "/home",
    PATH: "/bin",
  });

  assert.ok(!Object.values(environment).includes("the real key"));
  assert.match(environment["ACME_KEY"]!, /placeholder/);
  for (const name of Object.keys(environment)) {
    assert.doesNotMatch(name, /MASTER_KEY|PRIVATE_KEY|PASSPHRASE/);
  }
  assert.equal(environment["AUTHSOME_HOME"], "/home");
  assert.equal(environment["PATH"], "/bin");
});

Deno.test("the proxy stands in both spellings; a corporate one is replaced, NO_PROXY merged", () => {
  const environment = environmentOf({
    HTTPS_PROXY: "http://corp:3128",
    http_proxy: "http://corp:3128",
    NO_PROXY: "intra.corp, localhost",
    no_proxy: "other.corp",
  });
  const names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"];
  for (const name of [...names, "WS_PROXY", "ws_proxy", "WSS_PROXY", "wss_proxy"]) {
    assert.equal(environment[name], "http://authsome:s3@127.0.0.1:1");
  }
  for (const name of ["NO_PROXY", "no_proxy"]) {
    assert.equal(environment[name], "intra.corp,localhost,other.corp,127.0.0.1,::1");
  }
});

Deno.test("what a run sets, no provider definition can set otherwise", () => {
  const open = Object.keys(environmentOf({})).filter((name) => !isForbiddenVariable(name));
  assert.deepEqual(open, ["ACME_KEY"]);
});

Deno.test("what the owner set for Node, Java and PHP is added to", () => {
  const environment = environmentOf({
    NODE_OPTIONS: "--max-old-space-size=100",
    JAVA_TOOL_OPTIONS: "-Xmx100m",
    PHP_INI_SCAN_DIR: "/etc/mine",
  });
  assert.equal(
    environment["NODE_OPTIONS"],
    '--max-old-space-size=100 --require="/run/with space/boot.cjs"',
  );
  assert.match(environment["JAVA_TOOL_OPTIONS"]!, /^-Xmx100m .*trustStore=\/run\/trust\.jks/);
  assert.equal(environment["PHP_INI_SCAN_DIR"], "/etc/mine:/run/php");
  assert.equal(environmentOf({})["PHP_INI_SCAN_DIR"], ":/run/php");
});

const JAVA_STORES: Readonly<Record<string, string>> = {
  "/tmp/plain/trust.jks": "/tmp/plain/trust.jks",
  "/tmp/a space/trust.jks": '"/tmp/a space/trust.jks"',
  '/tmp/a "/trust.jks': `'/tmp/a "/trust.jks'`,
};
for (const [javaStore, written] of Object.entries(JAVA_STORES)) {
  Deno.test(`Java starts whatever the temporary directory is called: ${javaStore}`, () => {
    const environment = environmentOf({}, { ...TRUST, javaStore });
    assert.ok(environment["JAVA_TOOL_OPTIONS"]!.includes(`.trustStore=${written} `));
  });
}

const AUTHORITY = createAuthority({ hosts: ["api.acme.test"] });
const OTHERS = ["a.test", "b.test", "c.test"].map((host) =>
  createAuthority({ hosts: [host] }).certificatePem
);

Deno.test("the bundle holds what the owner's variables trust, each once, and the run's authority", async () => {
  const directory = createRunDirectory();
  const files = await Promise.all(
    OTHERS.map((pem, index) => directory.write(`own${index}.pem`, pem)),
  );
  const variables: Record<string, string | undefined> = {
    SSL_CERT_FILE: files[0],
    CURL_CA_BUNDLE: files[0],
    REQUESTS_CA_BUNDLE: files[1],
    NODE_EXTRA_CA_CERTS: files[2],
    GIT_SSL_CAINFO: "/does/not/exist.pem",
    JAVA_HOME: "/somewhere",
  };

  const trust = writeTrustFiles(
    AUTHORITY,
    directory,
    await readOwnTrust((name) => variables[name]),
  );

  const bundle = await Deno.readTextFile(trust.bundle);
  for (const pem of [...OTHERS, AUTHORITY.certificatePem]) {
    assert.equal(bundle.split(pem).length, 2);
  }
  const added = await Deno.readTextFile(trust.authority);
  assert.equal(added, OTHERS[2] + AUTHORITY.certificatePem);
  trust.writeLate();
  assert.deepEqual([...(await Deno.readFile(trust.javaStore!)).subarray(0, 4)], [
    0xfe,
    0xed,
    0xfe,
    0xed,
  ]);
  await directory.remove();
});

Deno.test("without a variable of the owner's, the bundle is the system's and the run's authority", async () => {
  const directory = createRunDirectory();

  const trust = writeTrustFiles(AUTHORITY, directory, await readOwnTrust(() => undefined));

  const bundle = await Deno.readTextFile(trust.bundle);
  assert.ok(bundle.endsWith(AUTHORITY.certificatePem));
  assert.ok(bundle.split("BEGIN CERTIFICATE").length > 20);
  assert.equal(await Deno.readTextFile(trust.authority), AUTHORITY.certificatePem);
  assert.equal(trust.javaStore, null);
  await directory.remove();
});

Deno.test("a store that has two names is taken once, and one without a last line's end stays readable", async () => {
  const directory = createRunDirectory();
  const open = OTHERS[1]!.trimEnd();
  const variables: Record<string, string | undefined> = {
    SSL_CERT_FILE: directory.write("own.pem", OTHERS[0]!),
    CURL_CA_BUNDLE: directory.write("copy.pem", OTHERS[0]!),
    PIP_CERT: directory.write("none.pem", "no certificate -----BEGIN"),
    NODE_EXTRA_CA_CERTS: directory.write("open.pem", open),
    DENO_CERT: directory.write("again.pem", OTHERS[0]!),
  };

  const trust = writeTrustFiles(
    AUTHORITY,
    directory,
    await readOwnTrust((name) => variables[name]),
  );

  const { certificatePem } = AUTHORITY;
  assert.equal(await Deno.readTextFile(trust.bundle), `${OTHERS[0]}${open}\n${certificatePem}`);
  assert.equal(await Deno.readTextFile(trust.authority), `${open}\n${OTHERS[0]}${certificatePem}`);
  await directory.remove();
});

const CURLRC_PLACES = [
  "CURL_HOME/.curlrc",
  "XDG_CONFIG_HOME/curlrc",
  "HOME/.curlrc",
  "HOME/.config/curlrc",
];
const CURLRC = 'user = "me:hunter2"';
const BASIC = [`Basic ${btoa("me:hunter2")}`];

/** The credentials that curl sends with the settings in a directory. */
async function askedWith(curlHome: string): Promise<(string | null)[]> {
  const seen: (string | null)[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ headers }) => {
    seen.push(headers.get("authorization"));
    return new Response();
  });
  const url = `http://127.0.0.1:${server.addr.port}/`;
  const env = { CURL_HOME: curlHome, NO_PROXY: "*" };
  await new Deno.Command("curl", { args: ["-s", url], env, stdout: "null" }).output();
  await server.shutdown();
  return seen;
}

for (const place of CURLRC_PLACES) {
  Deno.test(`the owner's curlrc goes along: ${place}`, async () => {
    const parent = await Deno.makeTempDir();
    const own = `${parent}/a "name\\`;
    await Deno.mkdir(own);
    const [variable, ...path] = place.split("/");
    await Deno.mkdir(`${own}/.config`);
    await Deno.writeTextFile(`${own}/${path.join("/")}`, CURLRC);
    const directory = createRunDirectory();

    const { curlHome } = writeTrustFiles(
      AUTHORITY,
      directory,
      await readOwnTrust((name) => name === variable ? own : undefined),
    );

    const settings = await Deno.readTextFile(`${curlHome}/.curlrc`);
    assert.match(settings, /^config = ".*\nsuppress-connect-headers\n$/);
    assert.ok(!settings.includes("hunter2"), "it is named, not copied: it may hold passwords");
    if (await works("curl", "--version")) assert.deepEqual(await askedWith(curlHome), BASIC);
    await directory.remove();
    await Deno.remove(parent, { recursive: true });
  });
}

Deno.test("the owner's wgetrc goes along", async () => {
  const directory = createRunDirectory();
  const own = directory.write("own", "timeout=5");

  const trust = writeTrustFiles(
    AUTHORITY,
    directory,
    await readOwnTrust((name) => name === "WGETRC" ? own : undefined),
  );

  assert.equal(
    await Deno.readTextFile(trust.wgetrc),
    `timeout=5\nca_certificate=${trust.bundle}\n`,
  );
  await directory.remove();
});

Deno.test("the run's directory is its owner's alone and gone afterwards", async () => {
  const directory = createRunDirectory();
  const file = directory.write("sub/file", "x");

  assert.equal((await Deno.stat(directory.path)).mode! & 0o777, 0o700);
  assert.equal((await Deno.stat(file)).mode! & 0o777, 0o600);
  await directory.remove();
  await assert.rejects(Deno.stat(directory.path), Deno.errors.NotFound);
});

Deno.test("a run of many days keeps its files from being tidied away: they never look unused", async () => {
  const parent = await Deno.makeTempDir();
  const directory = createRunDirectory(parent, { touchMs: 5 });
  const file = directory.write("php/file", "x");
  const old = new Date("2026-01-01");
  const paths = [file, `${directory.path}/php`, directory.path];
  for (const path of paths) Deno.utimeSync(path, old, old);

  await until(() => {
    const times = paths.map((path) => Deno.statSync(path)).flatMap((
      { atime, mtime },
    ) => [atime, mtime]);
    return times.every((time) => time! > old);
  });

  await directory.remove();
  assert.deepEqual([...Deno.readDirSync(parent)], []);
  await Deno.remove(parent);
});

Deno.test("a run's files have whole names, so that a child which changes directory finds them", async () => {
  const parent = await Deno.makeTempDir();
  const directory = createRunDirectory(relative(Deno.cwd(), parent));
  try {
    assert.equal(directory.path, await Deno.realPath(directory.path));
  } finally {
    await directory.remove();
    await Deno.remove(parent, { recursive: true });
  }
});

Deno.test("a directory that cannot be made is a clear error", () => {
  assert.throws(
    () => createRunDirectory("/proc/no-such-place"),
    (error: { code: string; hint: string }) =>
      error.code === "store_unavailable" && error.hint.includes("TMPDIR"),
  );
});

/** In a mount namespace of its own, with a disk of 64 KiB at `$1`; where the system allows that. */
const SMALL_DISK = 'mount -t tmpfs -o size=64k none "$1" && shift && exec "$@"';
const canMount = await new Deno.Command("unshare", {
  args: ["-rm", "sh", "-c", SMALL_DISK, "sh", "/mnt", "true"],
  stdout: "null",
  stderr: "null",
}).output().then(({ success }) => success, () => false);

Deno.test({
  name: "a full disk for the bundle is a clear error, and half a bundle is not left behind as one",
  ignore: !canMount,
  fn: async () => {
    const disk = await Deno.makeTempDir();
    const script = `
      import { createRunDirectory } from ${
      JSON.stringify(new URL("../../proxy/run_directory.ts", import.meta.url).href)
    };
      const directory = createRunDirectory(Deno.args[0]);
      try {
        directory.write("bundle.pem", "x".repeat(200_000));
      } catch (error) {
        console.log(JSON.stringify({ code: error.code, message: error.message, hint: error.hint }));
      }
      await directory.remove();
      console.log([...Deno.readDirSync(Deno.args[0])].length);
    `;
    const module = `${disk}.ts`;
    await Deno.writeTextFile(module, script);
    const config = new URL("../../deno.json", import.meta.url).pathname;
    const { stdout, stderr } = await new Deno.Command("unshare", {
      args: ["-rm", "sh", "-c", SMALL_DISK, "sh", disk, Deno.execPath(), "run", "-A"]
        .concat("--no-check", "--no-lock", "--config", config, module, disk),
    }).output();
    const [told, left] = new TextDecoder().decode(stdout).split("\n");
    assert.ok(told, new TextDecoder().decode(stderr));
    const error = JSON.parse(told);
    assert.equal(error.code, "store_unavailable");
    assert.match(
      error.message,
      /^Cannot prepare the run: .*bundle\.pem cannot be written .*space/i,
    );
    assert.match(error.hint, /TMPDIR/);
    assert.equal(left, "0");
    await Deno.remove(disk, { recursive: true });
    await Deno.remove(module);
  },
});

Deno.test("what a killed run left behind is removed by the next one; what lives is not", async () => {
  const parent = await Deno.makeTempDir();
  // The number of a process that has ended, and of one that lives: this one.
  const gone = new Deno.Command("true", { stdout: "null" }).spawn();
  await gone.status;
  await Deno.mkdir(`${parent}/authsome-run-${gone.pid}-abc`);
  await Deno.mkdir(`${parent}/authsome-run-${Deno.pid}-abc`);
  await Deno.mkdir(`${parent}/authsome-run-x-abc`);

  await removeLeftovers(parent);

  assert.deepEqual(namesIn(parent), [`authsome-run-${Deno.pid}-abc`, "authsome-run-x-abc"]);
  await Deno.remove(parent, { recursive: true });
});

Deno.test("a run in another container that shares the temporary directory keeps its files", async () => {
  const parent = await Deno.makeTempDir();
  const gone = new Deno.Command("true", { stdout: "null" }).spawn();
  await gone.status;
  const living = createRunDirectory(parent);
  // Over there processes have other numbers: here, nobody has this one.
  const path = `${parent}/authsome-run-${gone.pid}-abc`;
  await Deno.rename(living.path, path);

  await removeLeftovers(parent);
  const whileItRuns = namesIn(parent);
  await living.remove();
  await removeLeftovers(parent);

  assert.deepEqual(whileItRuns, [`authsome-run-${gone.pid}-abc`]);
  assert.deepEqual(namesIn(parent), []);
  await Deno.remove(parent, { recursive: true });
});

Deno.test("what a killed run left behind is removed also when its number belongs to another process", async () => {
  const parent = await Deno.makeTempDir();
  const killed = createRunDirectory(parent);
  await Deno.copyFile(`${killed.path}/lock`, `${killed.path}/copy`);
  await Deno.rename(`${killed.path}/copy`, `${killed.path}/lock`);

  await removeLeftovers(parent);

  assert.deepEqual(namesIn(parent), []);
  await killed.remove();
  await Deno.remove(parent, { recursive: true });
});

function namesIn(parent: string): string[] {
  return [...Deno.readDirSync(parent)].map((entry) => entry.name).sort();
}
