import { deepEqual, equal, match, notEqual, ok, throws } from "node:assert/strict";
import { auditWholeHome, prepareHome } from "../../client/home.ts";
import { StoreUnavailableError, UnsafeHomeError } from "../../core/errors.ts";
import { type HomePaths, homePaths } from "../../core/paths.ts";

const IS_ROOT = Deno.build.os !== "windows" && Deno.uid() === 0;

/** A prepared home that is gone afterwards; `umask` is not the test's to set, so modes must not need it. */
class TestHome {
  readonly directory: string = Deno.makeTempDirSync({ prefix: "authsome-" });
  readonly paths: HomePaths = homePaths(`${this.directory}/home`);

  mode(path: string): string {
    return (Deno.lstatSync(path).mode! & 0o7777).toString(8);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.directory, { recursive: true });
  }
}

Deno.test("prepareHome() makes every directory 0700 and the registration token 0600", () => {
  using home = new TestHome();
  prepareHome(home.paths);
  const { client, server } = home.paths;
  for (
    const dir of [
      home.paths.home,
      client.dir,
      client.identities,
      client.logs,
      server.dir,
      server.providers,
      server.logs,
      server.daemon,
    ]
  ) {
    equal(home.mode(dir), "700", dir);
  }
  equal(home.mode(server.registrationToken), "600");
  match(Deno.readTextFileSync(server.registrationToken), /^[0-9a-f]{64}\n$/);
});

Deno.test("prepareHome() keeps the token that is there", () => {
  using home = new TestHome();
  prepareHome(home.paths);
  const first = Deno.readTextFileSync(home.paths.server.registrationToken);
  prepareHome(home.paths);
  equal(Deno.readTextFileSync(home.paths.server.registrationToken), first);
});

Deno.test("prepareHome() makes another token for another home", () => {
  using one = new TestHome();
  using two = new TestHome();
  prepareHome(one.paths);
  prepareHome(two.paths);
  notEqual(
    Deno.readTextFileSync(one.paths.server.registrationToken),
    Deno.readTextFileSync(two.paths.server.registrationToken),
  );
});

/** What somebody did to the home, the path that is named, and the command that mends it. */
const UNSAFE: readonly {
  readonly name: string;
  readonly spoil: (paths: HomePaths) => string;
  readonly hint: (path: string) => string;
}[] = [
  {
    name: "a file that others may read",
    spoil: (
      { server },
    ) => (Deno.chmodSync(server.registrationToken, 0o644), server.registrationToken),
    hint: (path) => `Run: chmod 600 ${path}`,
  },
  {
    name: "a directory that the group may enter",
    spoil: ({ client }) => (Deno.chmodSync(client.identities, 0o750), client.identities),
    hint: (path) => `Run: chmod 700 ${path}`,
  },
  {
    name: "a home that others may enter",
    spoil: ({ home }) => (Deno.chmodSync(home, 0o755), home),
    hint: (path) => `Run: chmod 700 ${path}`,
  },
  {
    name: "a symlink to a file",
    spoil: (
      { server },
    ) => (Deno.symlinkSync("/etc/passwd", `${server.dir}/link`), `${server.dir}/link`),
    hint: (path) => `Run: rm ${path}`,
  },
  {
    name: "a symlink to a directory",
    spoil: ({ server }) => (Deno.symlinkSync("/", `${server.logs}/root`), `${server.logs}/root`),
    hint: (path) => `Run: rm ${path}`,
  },
  {
    name: "a symlink that leads nowhere",
    spoil: ({ client }) => (Deno.symlinkSync("/none", `${client.dir}/gone`), `${client.dir}/gone`),
    hint: (path) => `Run: rm ${path}`,
  },
  {
    name: "a name that a shell would take apart",
    spoil: ({ server }) => {
      const path = `${server.dir}/a 'quoted' $(name)`;
      Deno.writeTextFileSync(path, "");
      Deno.chmodSync(path, 0o644);
      return path;
    },
    hint: (path) => `Run: chmod 600 '${path.replaceAll("'", `'\\''`)}'`,
  },
];

for (const { name, spoil, hint } of UNSAFE) {
  Deno.test({
    name: `auditWholeHome() refuses ${name}, naming it and the command that mends it`,
    ignore: Deno.build.os === "windows",
    fn() {
      using home = new TestHome();
      prepareHome(home.paths);
      const path = spoil(home.paths);
      throws(() => auditWholeHome(home.paths), (error) => {
        ok(error instanceof UnsafeHomeError);
        ok(error.message.startsWith(`Cannot use ${path}: `), error.message);
        equal(error.hint, hint(path));
        return true;
      });
      // Nothing is mended or made behind the person's back.
      throws(() => prepareHome(home.paths), UnsafeHomeError);
    },
  });
}

for (
  const [name, make] of [
    ["a file", (path) => Deno.writeTextFileSync(path, "", { mode: 0o644 })],
    ["a directory of something else", (path) => {
      Deno.mkdirSync(path, { mode: 0o755 });
      Deno.symlinkSync("/etc/passwd", `${path}/link`);
    }],
  ] as const satisfies readonly (readonly [string, (path: string) => void])[]
) {
  Deno.test(`prepareHome() refuses ${name}, and names no command that would change it`, () => {
    using home = new TestHome();
    make(home.paths.home);
    throws(() => prepareHome(home.paths), (error) => {
      ok(error instanceof UnsafeHomeError);
      match(error.message, /: it is (not a directory|no home of authsome)/);
      match(error.hint!, /^Set AUTHSOME_HOME to a directory of your own/);
      return true;
    });
  });
}

Deno.test("prepareHome() takes a directory that holds nothing but hidden files", () => {
  using home = new TestHome();
  Deno.mkdirSync(home.paths.home, { mode: 0o700 });
  Deno.writeTextFileSync(`${home.paths.home}/.keep`, "", { mode: 0o600 });
  prepareHome(home.paths);
});

Deno.test("prepareHome() refuses a home that is a symlink itself", () => {
  using home = new TestHome();
  Deno.mkdirSync(`${home.directory}/elsewhere`, { mode: 0o700 });
  Deno.symlinkSync(`${home.directory}/elsewhere`, home.paths.home);
  throws(() => prepareHome(home.paths), UnsafeHomeError);
  deepEqual([...Deno.readDirSync(`${home.directory}/elsewhere`)], []);
});

Deno.test({
  name: "prepareHome() refuses another user's home",
  // Only root can give a file away.
  ignore: !IS_ROOT,
  fn() {
    using home = new TestHome();
    prepareHome(home.paths);
    Deno.chownSync(home.paths.home, 12_345, 12_345);
    throws(() => prepareHome(home.paths), (error) => {
      ok(error instanceof UnsafeHomeError);
      match(error.message, /belongs to user 12345, not to you/);
      equal(error.hint, "Set AUTHSOME_HOME to a directory of your own");
      return true;
    });
  },
});

Deno.test("prepareHome() says that a home cannot be made, and why", () => {
  using home = new TestHome();
  Deno.writeTextFileSync(`${home.directory}/file`, "");
  const paths = homePaths(`${home.directory}/file/home`);
  throws(() => prepareHome(paths), (error) => {
    ok(error instanceof StoreUnavailableError || error instanceof UnsafeHomeError);
    ok(error.message.includes(paths.home), error.message);
    return true;
  });
});

Deno.test({
  name: "prepareHome() says that a home may not be written",
  // Root may write everywhere.
  ignore: Deno.build.os === "windows" || IS_ROOT,
  fn() {
    using home = new TestHome();
    Deno.chmodSync(home.directory, 0o500);
    try {
      throws(() => prepareHome(home.paths), (error) => {
        ok(error instanceof StoreUnavailableError);
        match(error.message, /permission denied/i);
        return true;
      });
    } finally {
      Deno.chmodSync(home.directory, 0o700);
    }
  },
});

Deno.test({
  name: "another user of the machine cannot read the registration token",
  // Needs a second user, hence root and setpriv.
  ignore: Deno.build.os !== "linux" || !IS_ROOT || !hasSetpriv(),
  async fn() {
    using home = new TestHome();
    // The home's own modes must hold, not those of the directory above it.
    Deno.chmodSync(home.directory, 0o755);
    prepareHome(home.paths);
    const { code, stdout } = await new Deno.Command("setpriv", {
      args: [
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        "cat",
        home.paths.server.registrationToken,
      ],
      stderr: "null",
    }).output();
    notEqual(code, 0);
    equal(stdout.length, 0);
  },
});

function hasSetpriv(): boolean {
  try {
    return new Deno.Command("setpriv", { args: ["--version"], stdout: "null", stderr: "null" })
      .outputSync().success;
  } catch {
    return false;
  }
}
