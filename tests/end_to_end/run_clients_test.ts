/**
 * Unmodified clients as children of `authsome run`, each against a host that a login covers, a host
 * that none covers, and a host over plain HTTP. The first gets the key, which is nowhere in the
 * child's environment; the others get the request as it was made.
 */
import assert from "node:assert/strict";
import { CLIENT_PROGRAMS, installClients, PATH } from "../support/client_programs.ts";
import {
  ACME_HOST,
  ACME_KEY,
  type AcmeHome,
  openAcmeHome,
  OTHER_HOST,
} from "../support/acme_home.ts";
import { answerAsModel } from "../support/model_api.ts";
import { MODEL_LIBRARIES, VENDORS } from "../support/model_libraries.ts";
import { npmRegistry, pythonIndex } from "../support/package_index.ts";
import { type RecordedRequest, startPlainUpstream } from "../support/tls_upstream.ts";

const PLAIN_HOST = "plain.acme.test";

/** Kind of host → how it is reached, and the key that it must see. */
const HOSTS = {
  "a routed host with the key it does not have": { origin: `https://${ACME_HOST}`, key: ACME_KEY },
  "a tunnelled host untouched": { origin: `https://${OTHER_HOST}`, key: null },
  "a plain-HTTP host untouched": { origin: `http://${PLAIN_HOST}`, key: null },
} as const;

const directory = await Deno.makeTempDir();
await installClients(directory);
const programs = new Map<string, string | null>();
for (const [name, { find }] of Object.entries(CLIENT_PROGRAMS)) {
  programs.set(name, await find(directory));
}

const libraries = new Map<string, string | null>();
for (const [name, { find }] of Object.entries(MODEL_LIBRARIES)) {
  libraries.set(name, await find(directory));
}

const indexes = { "npm-install": npmRegistry(), "pip-install": pythonIndex() };

function respond(request: RecordedRequest): Response {
  const { target, headers } = request;
  const completion = answerAsModel(request);
  if (completion !== null) return completion;
  const [, base = "", index = "", path = ""] = /^(\/([^/]+))\/(.+)$/.exec(target) ?? [];
  const scheme = headers.get("host") === PLAIN_HOST ? "http" : "https";
  const answer = indexes[index as keyof typeof indexes];
  if (answer === undefined) return new Response("hello\n");
  return answer(path, `${scheme}://${headers.get("host")}${base}`) ??
    new Response("not found", { status: 404 });
}

let acme: AcmeHome;
let plain: ReturnType<typeof startPlainUpstream>;

Deno.test.beforeAll(async () => {
  acme = await openAcmeHome({ respond, hosts: Object.values(VENDORS).map(({ host }) => host) });
  for (const [name, { key }] of Object.entries(VENDORS)) {
    const input = { input: `${key}\n` };
    const { code, stderr } = await acme.home.authsome(["login", name, "--stdin"], input);
    assert.equal(code, 0, stderr);
  }
  plain = startPlainUpstream(respond);
  for (const [name, { prepare }] of Object.entries(CLIENT_PROGRAMS)) {
    if (programs.get(name) !== null && prepare !== undefined) await compile(prepare);
  }
});
Deno.test.afterAll(async () => {
  await acme.close();
  await plain.close();
  await Deno.remove(directory, { recursive: true });
});

for (const [name, { command }] of Object.entries(CLIENT_PROGRAMS)) {
  const program = programs.get(name) ?? null;
  for (const [what, { origin, key }] of Object.entries(HOSTS)) {
    const title = `${name} reaches ${what}`;
    const isHere = program !== null;
    Deno.test(isHere ? title : `${title} (not here)`, { ignore: !isHere }, async () => {
      const base = `/${name.toLowerCase().replaceAll(/[^a-z]+/g, "-")}`;
      const scratch = await Deno.makeTempDir({ dir: acme.directory });
      const words = command({ program: program!, directory, scratch, url: origin + base });
      const server = origin.startsWith("https:") ? acme.api : plain;
      const before = server.requests.length;

      const { code, stdout, stderr } = await acme.run(words, {
        args: ["--connect-to", `${PLAIN_HOST}:80:127.0.0.1:${plain.port}`],
        env: roots(),
      });

      assert.equal(code, 0, stdout + stderr);
      const seen = server.requests.slice(before);
      assert.ok(seen.length > 0);
      for (const request of seen) {
        assert.ok(request.target.startsWith(base), request.target);
        assert.equal(request.headers.get("x-api-key"), key);
      }
    });
  }
}

for (const host of [ACME_HOST, OTHER_HOST]) {
  const title = `curl -i shows the answer of ${host}, and nothing of the proxy's`;
  const curl = programs.get("curl") ?? null;
  Deno.test(curl === null ? `${title} (not here)` : title, { ignore: curl === null }, async () => {
    const { code, stdout, stderr } = await acme.run([curl!, "-sSi", `https://${host}/`]);

    assert.equal(code, 0, stderr);
    assert.equal(stdout.match(/^HTTP\//gm)?.length, 1, stdout);
  });
}

/** Variables by which the owner has these programs trust the servers: their tunnels stay untouched. */
function roots(): Record<string, string> {
  const file = `${acme.directory}/acme-roots.pem`;
  return { NODE_EXTRA_CA_CERTS: file, DENO_CERT: file, PIP_CONFIG_FILE: "/dev/null" };
}

async function compile([program, ...args]: readonly [string, ...string[]]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, {
    args,
    cwd: directory,
    env: { PATH, GO111MODULE: "off", GOFLAGS: "-mod=mod", GOPROXY: "off" },
    stdout: "null",
    stderr: "piped",
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}

for (const [name, { vendor, command }] of Object.entries(MODEL_LIBRARIES)) {
  const program = libraries.get(name) ?? null;
  const { host, key, keyVariable, header, scheme, baseVariable, basePath } = VENDORS[vendor];
  const ways = {
    "its own host with the key it does not have": { origin: null, seenKey: key },
    "a tunnelled host with a key of its own": { origin: `https://${OTHER_HOST}`, seenKey: "own" },
    "a plain-HTTP host with a key of its own": { origin: `http://${PLAIN_HOST}`, seenKey: "own" },
  };
  for (const [what, { origin, seenKey }] of Object.entries(ways)) {
    const title = `${name} reaches ${what}, and streams`;
    const isHere = program !== null;
    Deno.test(isHere ? title : `${title} (not here)`, { ignore: !isHere }, async () => {
      const server = origin?.startsWith("http:") ? plain : acme.api;
      const before = server.requests.length;

      const { code, stdout, stderr } = await acme.run(command(program!, directory), {
        args: [
          // Of a granted provider the variable would hold a placeholder.
          ...(origin === null ? [] : ["--only", "acme"]),
          "--connect-to",
          `${host}:443:127.0.0.1:${acme.api.port}`,
          "--connect-to",
          `${PLAIN_HOST}:80:127.0.0.1:${plain.port}`,
        ],
        env: {
          ...roots(),
          [keyVariable]: "own",
          ...(origin === null ? {} : { [baseVariable]: origin + basePath }),
        },
      });

      assert.equal(code, 0, stdout + stderr);
      assert.equal(stdout, "whole: hello\nstreamed: hel|lo\n");
      const seen = server.requests.slice(before);
      assert.equal(seen.length, 2);
      for (const { headers } of seen) {
        if (origin === null) assert.equal(headers.get(header), scheme + seenKey);
        // Which header it is without us is the library's business.
        else {assert.match(
            headers.get(header) ?? headers.get("authorization")!,
            /(?:^|Bearer )own$/,
          );}
      }
    });
  }
}

Deno.test("the child's environment holds a placeholder in the form of a key, and never the key", async () => {
  const { code, stdout } = await acme.run([
    "deno",
    "eval",
    "console.log(JSON.stringify(Deno.env.toObject()))",
  ], { env: { ACME_API_KEY: ACME_KEY, AUTHSOME_MASTER_KEY: "" } });

  assert.equal(code, 0);
  assert.ok(!stdout.includes(ACME_KEY));
  const environment: Record<string, string> = JSON.parse(stdout);
  assert.match(environment["ACME_API_KEY"]!, /^ak_live_[0-9a-f]{32}$/);
  assert.equal(environment["AUTHSOME_PROXY_MODE"], "true");
  assert.equal(environment["HTTPS_PROXY"], environment["https_proxy"]);
  assert.match(environment["HTTPS_PROXY"]!, /^http:\/\/authsome:[\w-]{43}@127\.0\.0\.1:\d+$/);
  assert.ok(!("AUTHSOME_MASTER_KEY" in environment));
});
