/**
 * git as a child of `authsome run`: clone and push over HTTPS with git's own server, also when the
 * server challenges, also where no login covers it.
 */
import assert from "node:assert/strict";
import { type AcmeHome, openAcmeHome, OTHER_HOST } from "../support/acme_home.ts";
import { works } from "../support/client_programs.ts";
import { git, type GitServer, startGitServer } from "../support/git_server.ts";

const ignore = !await works("git", "--version") || !await works("git", "--exec-path");
const TOKEN = "ghp_0123456789abcdefghijklmnopqrstuvwxyz";
const WITH_TOKEN = `x-access-token:${TOKEN}`;
const PLAIN_HOST = "plain.acme.test";
/** Larger than git's buffer of 1 MiB, so that it is sent in chunks after a probe. */
const LARGE = 3 * 1024 * 1024;

let acme: AcmeHome;

Deno.test.beforeAll(async () => {
  acme = await openAcmeHome();
  const { code, stderr } = await acme.home.authsome(["login", "github-pat", "--stdin"], {
    input: `${TOKEN}\n`,
  });
  assert.equal(code, 0, stderr);
});
Deno.test.afterAll(async () => {
  await acme.close();
});

/** Runs `script` in an empty directory beside a server; `$ORIGIN` is where that is. */
async function withServer(
  origin: string,
  isWelcome: (login: string | null) => boolean,
  body: (
    server: GitServer,
    sh: (script: string) => ReturnType<AcmeHome["run"]>,
    repository: string,
  ) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir({ dir: acme.directory });
  const served = `${directory}/served`;
  const scratch = `${directory}/scratch`;
  await Deno.mkdir(served);
  await Deno.mkdir(scratch);
  const server = await startGitServer({
    hosts: ["github.com", OTHER_HOST],
    directory: served,
    isWelcome,
  });
  const roots = `${directory}/roots.pem`;
  await Deno.writeTextFile(roots, server.authorityPem);
  const mapped = (host: string, port: number, to: number) => [
    "--connect-to",
    `${host}:${port}:127.0.0.1:${to}`,
  ];
  try {
    await body(
      server,
      (script) =>
        acme.run(["sh", "-ec", `export HOME="$SCRATCH"\n${script}`], {
          args: [
            ...mapped("github.com", 443, server.port),
            ...mapped(OTHER_HOST, 443, server.port),
            ...mapped(PLAIN_HOST, 80, server.plainPort),
          ],
          env: {
            SSL_CERT_FILE: roots,
            GIT_SSL_CAINFO: roots,
            ORIGIN: origin,
            SCRATCH: scratch,
            GIT_CONFIG_SYSTEM: "/dev/null",
            GIT_TERMINAL_PROMPT: "0",
          },
        }),
      `${served}/project.git`,
    );
  } finally {
    await server.close();
  }
}

const CLONE_AND_PUSH = `
git clone --quiet $ORIGIN/project.git $SCRATCH/clone
cd $SCRATCH/clone
test "$(cat README)" = hello
head -c ${LARGE} /dev/urandom > large
git add large
git -c user.name=Agent -c user.email=agent@acme.test commit --quiet -m second
git push --quiet origin main
`;

/** A credential helper as people have it: what it says is what git sends after the challenge. */
const helper = (login: string, password: string) =>
  `git config --global credential.helper '!f() { echo username=${login}; echo "password=${password}"; }; f'`;

async function assertPushed(repository: string): Promise<void> {
  assert.equal(await git(repository, "log", "-1", "--format=%an %s", "main"), "Agent second");
  assert.equal(await git(repository, "cat-file", "-s", "main:large"), String(LARGE));
}

Deno.test(
  "git clones and pushes over HTTPS with the token it does not have",
  { ignore },
  async () => {
    await withServer(
      "https://github.com",
      (login) => login === WITH_TOKEN,
      async (server, sh, repository) => {
        const { code, stderr } = await sh(CLONE_AND_PUSH);

        assert.equal(code, 0, stderr);
        await assertPushed(repository);
        // Never challenged: the first request carries it already.
        for (const { login, status } of server.requests) {
          assert.deepEqual([login, status], [WITH_TOKEN, 200]);
        }
      },
    );
  },
);

Deno.test(
  "git answers a challenge with the placeholder, and the server gets the token",
  { ignore },
  async () => {
    let challenges = 0;
    await withServer(
      "https://github.com",
      // Some servers send the challenge first, whatever came.
      (login) => login === WITH_TOKEN && challenges++ > 0,
      async (server, sh, repository) => {
        const { code, stderr } = await sh(
          `${helper("agent", "$GITHUB_TOKEN")}\n${CLONE_AND_PUSH}`,
        );

        assert.equal(code, 0, stderr);
        await assertPushed(repository);
        assert.equal(server.requests[0]!.status, 401);
        for (const { login } of server.requests) assert.equal(login, WITH_TOKEN);
      },
    );
  },
);

Deno.test(
  "a token that the server no longer takes: git fails at once and says why",
  { ignore },
  async () => {
    await withServer("https://github.com", () => false, async (_server, sh) => {
      const { code, stderr } = await sh("git clone $ORIGIN/project.git $SCRATCH/clone");

      assert.equal(code, 128);
      assert.match(stderr, /could not read Username|Authentication failed/);
      assert.ok(!stderr.includes(TOKEN));
    });
  },
);

const OTHERS: Readonly<Record<string, string>> = {
  "a host that no login covers": `https://${OTHER_HOST}`,
  "a host over plain HTTP": `http://${PLAIN_HOST}`,
};

for (const [name, origin] of Object.entries(OTHERS)) {
  Deno.test(`git answers the challenge of ${name} from its own helper`, { ignore }, async () => {
    await withServer(origin, (login) => login === "me:my-own", async (server, sh, repository) => {
      const { code, stderr } = await sh(`${helper("me", "my-own")}\n${CLONE_AND_PUSH}`);

      assert.equal(code, 0, stderr);
      await assertPushed(repository);
      assert.deepEqual([...new Set(server.requests.map(({ login }) => login))], [
        null,
        "me:my-own",
      ]);
    });
  });
}
