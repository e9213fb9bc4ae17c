import { deepEqual, equal, notEqual, ok, rejects } from "node:assert/strict";
import { collectBootMessages } from "../../client/boot_messages.ts";
import { prepareHome } from "../../client/home.ts";
import { readSettings } from "../../core/config.ts";
import { UsageError } from "../../core/errors.ts";
import { homePaths } from "../../core/paths.ts";

class Scene {
  readonly directory: string = Deno.makeTempDirSync({ prefix: "authsome-" });
  readonly paths = homePaths(`${this.directory}/home`);

  constructor() {
    prepareHome(this.paths);
  }

  collect(environment: Record<string, string> = {}) {
    const all: Record<string, string> = {
      AUTHSOME_HOME: this.paths.home,
      AUTHSOME_MASTER_KEY: "k".repeat(64),
      ...environment,
    };
    const read = (name: string) => all[name];
    return collectBootMessages(readSettings(read), this.paths, {}, read);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.directory, { recursive: true });
  }
}

const PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----";

Deno.test("collectBootMessages() makes fresh secrets for each boot and shares one between both", async () => {
  using scene = new Scene();
  const [one, two] = [await scene.collect(), await scene.collect()];
  const daemon = one.daemonFor({ port: 5, pid: 6 }, 7);
  deepEqual(daemon.relay, { port: 5, pid: 6, secret: one.relayAt(5).secret });
  equal(daemon.port, 7);
  notEqual(one.relayAt(5).secret, two.relayAt(5).secret);
  notEqual(one.instance, two.instance);
  notEqual(one.instance, one.relayAt(5).secret);
});

Deno.test("collectBootMessages() passes the corporate proxy to the relay and extra roots to the daemon", async () => {
  using scene = new Scene();
  const roots = `${scene.directory}/roots.pem`;
  Deno.writeTextFileSync(roots, `# corporate\n${PEM}\n${PEM}\n`);
  const boot = await scene.collect({
    HTTPS_PROXY: "http://proxy.test:3128",
    NO_PROXY: "internal.test",
    SSL_CERT_FILE: roots,
  });
  deepEqual(boot.relayAt(0).https_proxy, "http://proxy.test:3128");
  deepEqual(boot.relayAt(0).no_proxy, ["internal.test"]);
  deepEqual(boot.daemonFor({ port: 1, pid: 1 }, 0).extra_roots, [PEM, PEM]);
});

Deno.test("collectBootMessages() inside a run takes neither the run's proxy nor its authority", async () => {
  using scene = new Scene();
  const boot = await scene.collect({
    AUTHSOME_PROXY_MODE: "true",
    HTTPS_PROXY: "http://run:secret@127.0.0.1:1",
    SSL_CERT_FILE: `${scene.directory}/none.pem`,
  });
  equal(boot.relayAt(0).https_proxy, null);
  deepEqual(boot.daemonFor({ port: 1, pid: 1 }, 0).extra_roots, []);
});

Deno.test("collectBootMessages() refuses what it cannot use, before anything starts", async () => {
  using scene = new Scene();
  await rejects(scene.collect({ HTTPS_PROXY: "socks5://u:hunter2@p.test" }), (error) => {
    ok(error instanceof UsageError && !error.message.includes("hunter2"));
    return true;
  });
  await rejects(scene.collect({ SSL_CERT_FILE: "/none.pem" }), UsageError);
  Deno.writeTextFileSync(scene.paths.server.config, "[]", { mode: 0o600 });
  await rejects(scene.collect(), UsageError);
});

Deno.test("collectBootMessages() allows private addresses when server/config.json says so", async () => {
  using scene = new Scene();
  equal((await scene.collect()).relayAt(0).allow_private, false);
  const config = JSON.stringify({ egress: { allow_private: true } });
  Deno.writeTextFileSync(scene.paths.server.config, config, { mode: 0o600 });
  equal((await scene.collect()).relayAt(0).allow_private, true);
});
