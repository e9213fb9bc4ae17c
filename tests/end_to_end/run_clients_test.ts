/**
 * Unmodified clients as children of `authsome run`: each one reaches the API with the key, and has
 * none in its environment.
 */
import assert from "node:assert/strict";
import {
  ACME_HOST,
  ACME_KEY,
  type AcmeHome,
  openAcmeHome,
  OTHER_HOST,
} from "../support/acme_home.ts";
import { findProgram, pathWithDeno } from "../support/deno_on_path.ts";

const PATH = pathWithDeno(Deno.env.get("PATH") ?? "");

/** Whether `program args` ends in success here. */
async function works(program: string, ...args: string[]): Promise<boolean> {
  if (findProgram(program, PATH) === null) return false;
  const { success } = await new Deno.Command(program, {
    args,
    env: { PATH },
    stdout: "null",
    stderr: "null",
  }).output();
  return success;
}

/** A child that fetches `ACME_URL`, and what must work for it to be tried. */
interface Client {
  readonly probe: readonly [string, ...string[]];
  /** Files to write first, by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** Made before, outside of the run; its working directory is the files'. */
  readonly prepare?: readonly [string, ...string[]];
  /** `DIR` stands for the files' directory, `URL` for the address. */
  readonly command: readonly [string, ...string[]];
}

const PYTHON_URLLIB = `import sys, urllib.request
print(urllib.request.urlopen(sys.argv[1]).read().decode())`;
const PYTHON_REQUESTS = `import sys, requests
r = requests.get(sys.argv[1]); r.raise_for_status(); print(r.text)`;
const NODE_FETCH = `const r = await fetch(process.argv[2]); console.log(r.status, await r.text());
if (!r.ok) process.exit(1);`;
const NODE_HTTPS = `import https from "node:https";
https.get(process.argv[2], (r) => { r.pipe(process.stdout); r.on("end", () => process.exit(r.statusCode === 200 ? 0 : 1)); })
  .on("error", (e) => { console.error(e); process.exit(1); });`;
const DENO_FETCH = `const r = await fetch(Deno.args[0]); console.log(r.status, await r.text());
if (!r.ok) Deno.exit(1);`;
const GO_GET = `package main

import ("fmt"; "io"; "net/http"; "os")

func main() {
	r, err := http.Get(os.Args[1])
	if err != nil { fmt.Println(err); os.Exit(1) }
	b, _ := io.ReadAll(r.Body)
	fmt.Println(r.Status, string(b))
	if r.StatusCode != 200 { os.Exit(1) }
}
`;
const JAVA_GET = `import java.net.*; import java.net.http.*;
class Get { public static void main(String[] a) throws Exception {
  HttpURLConnection c = (HttpURLConnection) new URL(a[0]).openConnection();
  if (c.getResponseCode() != 200) { System.out.println(c.getResponseCode()); System.exit(1); }
  var r = HttpClient.newHttpClient().send(HttpRequest.newBuilder(URI.create(a[0])).build(), HttpResponse.BodyHandlers.ofString());
  System.out.println(r.statusCode()); System.exit(r.statusCode() == 200 ? 0 : 1); } }`;

const CLIENTS: Readonly<Record<string, Client>> = {
  "curl": { probe: ["curl", "--version"], command: ["curl", "-sSf", "URL"] },
  "wget": { probe: ["wget", "--version"], command: ["wget", "-q", "-O", "-", "URL"] },
  "Python urllib": {
    probe: ["python3", "-c", "import ssl"],
    files: { "get.py": PYTHON_URLLIB },
    command: ["python3", "DIR/get.py", "URL"],
  },
  "Python requests": {
    probe: ["python3", "-c", "import requests"],
    files: { "get.py": PYTHON_REQUESTS },
    command: ["python3", "DIR/get.py", "URL"],
  },
  "Node fetch": {
    probe: ["node", "-e", "if (globalThis.Deno) process.exit(1)"],
    files: { "get.mjs": NODE_FETCH },
    command: ["node", "DIR/get.mjs", "URL"],
  },
  "Node https": {
    probe: ["node", "-e", "if (globalThis.Deno) process.exit(1)"],
    files: { "get.mjs": NODE_HTTPS },
    command: ["node", "DIR/get.mjs", "URL"],
  },
  "Deno fetch": {
    probe: ["deno", "--version"],
    files: { "get.ts": DENO_FETCH },
    command: ["deno", "run", "--quiet", "--no-config", "-A", "DIR/get.ts", "URL"],
  },
  "a Go program": {
    probe: ["go", "version"],
    files: { "get.go": GO_GET },
    prepare: ["go", "build", "-o", "get", "get.go"],
    command: ["DIR/get", "URL"],
  },
  "Perl HTTP::Tiny": {
    probe: ["perl", "-MHTTP::Tiny", "-MIO::Socket::SSL", "-e", "1"],
    files: {
      "get.pl":
        "use HTTP::Tiny; my $r = HTTP::Tiny->new(verify_SSL => 1)->get($ARGV[0]); print $r->{content}; exit !$r->{success};",
    },
    command: ["perl", "DIR/get.pl", "URL"],
  },
  "a Java program": {
    probe: ["java", "--version"],
    files: { "Get.java": JAVA_GET },
    command: ["java", "DIR/Get.java", "URL"],
  },
};

let acme: AcmeHome;

Deno.test.beforeAll(async () => {
  acme = await openAcmeHome();
});
Deno.test.afterAll(async () => {
  await acme.close();
});

for (const [name, client] of Object.entries(CLIENTS)) {
  const isHere = await works(...client.probe);
  const title = `${name} reaches the API with the key it does not have`;
  Deno.test(isHere ? title : `${title} (not installed here)`, { ignore: !isHere }, async () => {
    const directory = await Deno.makeTempDir({ dir: acme.directory });
    for (const [file, text] of Object.entries(client.files ?? {})) {
      await Deno.writeTextFile(`${directory}/${file}`, text);
    }
    if (client.prepare !== undefined) await prepare(client.prepare, directory);
    const path = `/${encodeURIComponent(name)}`;
    const command = client.command.map((word) =>
      word.replace("DIR", directory).replace("URL", `https://${ACME_HOST}${path}`)
    );

    const { code, stdout, stderr } = await acme.run(command);

    assert.equal(code, 0, stdout + stderr);
    const seen = acme.api.requests.filter((request) => request.target === path);
    assert.ok(seen.length > 0);
    for (const request of seen) assert.equal(request.headers.get("x-api-key"), ACME_KEY);
  });
}

async function prepare([program, ...args]: readonly [string, ...string[]], cwd: string) {
  const { success, stderr } = await new Deno.Command(program, {
    args,
    cwd,
    env: { PATH, GOFLAGS: "-mod=mod", GOPROXY: "off", GO111MODULE: "off" },
    stdout: "null",
    stderr: "piped",
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}

Deno.test("a host that no login covers is reached untouched", {
  ignore: !await works("curl", "--version"),
}, async () => {
  const { code, stderr } = await acme.run([
    "curl",
    "-sSf",
    "-H",
    "X-Api-Key: my own",
    `https://${OTHER_HOST}/untouched`,
  ]);

  assert.equal(code, 0, stderr);
  const seen = acme.api.requests.find((request) => request.target === "/untouched");
  assert.equal(seen?.headers.get("x-api-key"), "my own");
});

Deno.test("git clones over https", { ignore: !await works("git", "--version") }, async () => {
  const { startGitServer } = await import("../support/git_server.ts");
  const directory = await Deno.makeTempDir({ dir: acme.directory });
  const server = await startGitServer(ACME_HOST, directory);
  const roots = `${directory}/roots.pem`;
  await Deno.writeTextFile(roots, server.authorityPem);

  const { code, stderr } = await acme.home.authsome([
    "run",
    "--connect-to",
    `${ACME_HOST}:443:127.0.0.1:${server.port}`,
    "--",
    "git",
    "clone",
    "--quiet",
    `https://${ACME_HOST}/project.git`,
    `${directory}/clone`,
  ], { env: { SSL_CERT_FILE: roots, GIT_SSL_CAINFO: "", GIT_TERMINAL_PROMPT: "0" } });

  assert.equal(code, 0, stderr);
  assert.equal(await Deno.readTextFile(`${directory}/clone/README`), "hello\n");
  assert.ok(server.requests.length > 0);
  for (const request of server.requests) {
    assert.equal(request.headers.get("x-api-key"), ACME_KEY);
  }
  await server.close();
});

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
