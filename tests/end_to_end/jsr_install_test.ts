/**
 * From `deno publish` to a used credential: the package that is uploaded, installed as a stranger
 * installs it, does the whole job with the registry gone; then an upgrade, then the end.
 *
 * @module
 */
import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import denoJson from "../../deno.json" with { type: "json" };
import type { DaemonState } from "../../core/boot.ts";
import { homePaths } from "../../core/paths.ts";
import { VERSION } from "../../core/version.ts";
import { ACME_HOST, ACME_KEY, DEFINITION } from "../support/acme_home.ts";
import { InstalledPackage } from "../support/installed_package.ts";
import { type JsrRegistry, startJsrRegistry } from "../support/jsr_registry.ts";
import type { CliResult } from "../support/run_cli.ts";
import { withHome } from "../support/temp_home.ts";
import type { TemporaryHome } from "../support/temporary_home.ts";
import { startTlsUpstream } from "../support/tls_upstream.ts";

/** JSR refuses a package above this. */
const LARGEST_PACKAGE_BYTES = 20_000_000;
const NEXT_VERSION = "0.1.1-next.1";
const AGENT = `const answer = await fetch("https://${ACME_HOST}/me");
console.log(answer.status, Deno.env.get("ACME_API_KEY"));`;

Deno.test("the package is published, installed, used without its registry, upgraded, uninstalled", async () => {
  const registry = startJsrRegistry();
  try {
    await withHome(async (home) => {
      const authsome = await InstalledPackage.prepare(home, registry);
      succeeded(await authsome.publish());
      succeeded(await authsome.publish(NEXT_VERSION));
      checkPackage(registry);

      await explainsItsFlags(authsome);
      succeeded(await authsome.install(VERSION, ["--force", "--allow-all"]));
      await registry.stop();
      await doesItsJob(authsome, home);
      const before = await daemonState(home);
      equal(before.version, VERSION);
      await servesItsPages(authsome, before);

      registry.start();
      succeeded(await authsome.install(NEXT_VERSION, ["--force", "--allow-all"]));
      await registry.stop();
      await takesOver(authsome, home, before);

      succeeded(await authsome.authsome(["daemon", "stop"]));
      succeeded(await authsome.uninstall());
      equal(await exists(authsome.command), false);
    });
  } finally {
    await registry.stop();
  }
});

function checkPackage(registry: JsrRegistry): void {
  const files = registry.published(VERSION);
  const names = [...files.keys()];
  const size = [...files.values()].reduce((sum, bytes) => sum + bytes, 0);
  ok(size < LARGEST_PACKAGE_BYTES, `the package has ${size} bytes`);
  for (const name of ["LICENSE", "README.md", "cli.ts", "mod.ts"]) ok(names.includes(name), name);
  deepEqual(names.filter((name) => /^(tests|bench|examples|docs)\/|^deno\.lock$/.test(name)), []);
  equal(denoJson.version, VERSION);
}

/** Installed as other tools are: it says at once how it wants to be installed. */
async function explainsItsFlags(authsome: InstalledPackage): Promise<void> {
  succeeded(await authsome.install(VERSION, []));
  const { code, stderr } = await authsome.authsome(["list"]);
  equal(code, 1);
  match(stderr, /deno install --global --force --allow-all --name authsome jsr:@authsome\/cli$/m);
}

/** Register, log in, run: the API gets the key, the child does not. */
async function doesItsJob(authsome: InstalledPackage, home: TemporaryHome): Promise<void> {
  const api = startTlsUpstream([ACME_HOST]);
  try {
    const { directory } = home;
    await Deno.writeTextFile(`${directory}/acme.json`, JSON.stringify(DEFINITION));
    await Deno.writeTextFile(`${directory}/roots.pem`, api.authorityPem);
    await Deno.writeTextFile(`${directory}/agent.ts`, AGENT);

    equal(succeeded(await authsome.authsome(["--version"])), `authsome ${VERSION}\n`);
    succeeded(await authsome.authsome(["register", `${directory}/acme.json`, "--yes"]));
    succeeded(await authsome.authsome(["login", "acme", "--stdin"], { input: `${ACME_KEY}\n` }));
    const said = succeeded(
      await authsome.authsome([
        ...["run", "--connect-to", `${ACME_HOST}:443:127.0.0.1:${api.port}`, "--"],
        ...["deno", "run", "--quiet", "--no-config", "-A", `${directory}/agent.ts`],
      ], { env: { SSL_CERT_FILE: `${directory}/roots.pem` } }),
    );

    match(said, /^200 /);
    ok(!said.includes(ACME_KEY), "the child holds a placeholder");
    equal(api.requests[0]?.headers.get("x-api-key"), ACME_KEY);
  } finally {
    await api.close();
  }
}

/** Confined, and with the assets that the package carries as text and JSON. */
async function servesItsPages(authsome: InstalledPackage, { port }: DaemonState): Promise<void> {
  equal(await confinement(authsome), "ok");
  const link = succeeded(await authsome.authsome(["ui", "--no-browser", "--json"]));
  match(await get(JSON.parse(link).url), /<html/);
  const origin = `http://127.0.0.1:${port}`;
  match(await get(`${origin}/ui/style.css`), /\{/);
  match(await get(`${origin}/docs`), /swagger/i);
  equal(JSON.parse(await get(`${origin}/openapi.json`)).info.version, VERSION);
}

/** What the daemon found when it tried what is forbidden to it (`GET /ready`). */
async function confinement(authsome: InstalledPackage): Promise<string> {
  return JSON.parse(succeeded(await authsome.authsome(["doctor", "--json"]))).checks.confinement;
}

/** The next command finds the older daemon, replaces it, and the credential is still there. */
async function takesOver(
  authsome: InstalledPackage,
  home: TemporaryHome,
  before: DaemonState,
): Promise<void> {
  equal(succeeded(await authsome.authsome(["--version"])), `authsome ${NEXT_VERSION}\n`);
  match(succeeded(await authsome.authsome(["export", "acme"])), new RegExp(ACME_KEY));
  const after = await daemonState(home);
  equal(after.version, NEXT_VERSION);
  notEqual(after.pid, before.pid);
  equal(await confinement(authsome), "ok");
}

async function daemonState(home: TemporaryHome): Promise<DaemonState> {
  return JSON.parse(await Deno.readTextFile(homePaths(home.path).server.state));
}

async function get(url: string): Promise<string> {
  const response = await fetch(url);
  const text = await response.text();
  equal(response.status, 200, text);
  return text;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/** What it printed. */
function succeeded({ code, stdout, stderr }: CliResult): string {
  equal(code, 0, `${stdout}${stderr}`);
  return stdout;
}
