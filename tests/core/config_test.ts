import assert from "node:assert/strict";
import {
  DEFAULT_SERVER_CONFIG,
  parseServerConfig,
  readSettings,
  type Settings,
} from "../../core/config.ts";
import { UsageError } from "../../core/errors.ts";

function settings(environment: Record<string, string>): Settings {
  return readSettings((name) => ({ HOME: "/home/me", ...environment })[name]);
}

Deno.test("readSettings() has defaults for everything but the home", () => {
  assert.deepEqual(settings({}), {
    home: "/home/me/.authsome",
    host: "127.0.0.1",
    port: 7998,
    daemonUrl: null,
    serverBaseUrl: null,
    identity: null,
    identityPrivateKey: null,
    masterKey: null,
    masterKeyFile: null,
  });
  assert.throws(() => readSettings(() => undefined), UsageError);
});

Deno.test("readSettings() takes an empty variable for one that is not set", () => {
  assert.equal(settings({ AUTHSOME_HOME: "", AUTHSOME_PORT: " " }).port, 7998);
});

Deno.test("readSettings() lets AUTHSOME_BASE_URL stand in for both addresses", () => {
  const { daemonUrl, serverBaseUrl } = settings({ AUTHSOME_BASE_URL: "http://127.0.0.1:1/" });
  assert.deepEqual([daemonUrl, serverBaseUrl], ["http://127.0.0.1:1", "http://127.0.0.1:1"]);
  assert.equal(
    settings({ AUTHSOME_BASE_URL: "https://a.test", AUTHSOME_DAEMON_URL: "https://b.test" })
      .daemonUrl,
    "https://b.test",
  );
});

Deno.test("readSettings() takes http for a daemon on this machine alone", () => {
  for (const host of ["127.0.0.1:7998", "localhost:7998", "[::1]:7998", "127.3.2.1"]) {
    const url = `http://${host}`;
    assert.equal(settings({ AUTHSOME_DAEMON_URL: url }).daemonUrl, url);
  }
  for (const host of ["10.0.0.1:7998", "host.docker.internal", "127.0.0.1.evil.test", "0.0.0.0"]) {
    assert.throws(
      () => settings({ AUTHSOME_DAEMON_URL: `http://${host}` }),
      (error: UsageError) => /is another machine/.test(error.message) && error.hint !== undefined,
    );
  }
  // Links are opened by a person's browser; nothing secret is sent there.
  const linked = settings({ AUTHSOME_SERVER_BASE_URL: "http://box.test:7998" });
  assert.equal(linked.serverBaseUrl, "http://box.test:7998");
});

Deno.test("readSettings() names the variable it cannot use, and no secret", async (t) => {
  const rows: readonly [name: string, value: string][] = [
    ["AUTHSOME_HOME", "relative/home"],
    ["AUTHSOME_PORT", "65536"],
    ["AUTHSOME_PORT", "-1"],
    ["AUTHSOME_PORT", "7998x"],
    ["AUTHSOME_HOST", "0.0.0.0"],
    ["AUTHSOME_HOST", "localhost"],
    ["AUTHSOME_DAEMON_URL", "ftp://127.0.0.1"],
    ["AUTHSOME_DAEMON_URL", "127.0.0.1:7998"],
    ["AUTHSOME_DAEMON_URL", "http://me:hush@127.0.0.1"],
    ["AUTHSOME_SERVER_BASE_URL", "http://127.0.0.1/?x"],
    ["AUTHSOME_IDENTITY_PRIVATE_KEY", "hush"],
  ];
  for (const [name, value] of rows) {
    await t.step(`${name}=${value}`, () => {
      assert.throws(() => settings({ [name]: value }), (error: Error) => {
        assert.ok(error instanceof UsageError);
        assert.ok(error.message.startsWith(`Cannot use ${name}: `), error.message);
        return !error.message.includes("hush");
      });
    });
  }
});

Deno.test("readSettings() keeps keys as secrets", () => {
  const { masterKey, identityPrivateKey } = settings({
    AUTHSOME_MASTER_KEY: "hush",
    AUTHSOME_IDENTITY_PRIVATE_KEY: "AB".repeat(32),
  });
  assert.equal(masterKey?.reveal(), "hush");
  assert.equal(identityPrivateKey?.reveal(), "ab".repeat(32));
});

Deno.test("parseServerConfig() reads what is there and fills in the rest", () => {
  assert.deepEqual(parseServerConfig(null), DEFAULT_SERVER_CONFIG);
  assert.deepEqual(parseServerConfig('{"version":1}'), DEFAULT_SERVER_CONFIG);
  const config = parseServerConfig(
    '{"encryption":{"mode":"keyring"},"egress":{"allow_private":true},"refresh_window_seconds":0}',
  );
  assert.equal(config.encryption.mode, "keyring");
  assert.equal(config.egress.allow_private, true);
  assert.equal(config.refresh_window_seconds, 0);
});

Deno.test("parseServerConfig() names the setting that is wrong", async (t) => {
  const rows: readonly [text: string, problem: string][] = [
    ["", "it is not JSON"],
    ["[]", "it is not an object"],
    ["null", "it is not an object"],
    ['{"version":2}', "version 2 is not 1"],
    ['{"egres":{}}', "egres is not a setting"],
    ['{"encryption":{"mode":"none"}}', "encryption.mode is not"],
    ['{"egress":{"allow_private":"yes"}}', "egress.allow_private is not true or false"],
    ['{"egress":{"allow_private":true,"allow":1}}', "egress.allow is not a setting"],
    ['{"egress":null}', "egress is not an object"],
    ['{"encryption":"keyring"}', "encryption is not an object"],
    ['{"refresh_window_seconds":-1}', "refresh_window_seconds is not a number from 0"],
    ['{"refresh_window_seconds":null}', "refresh_window_seconds is not a number from 0"],
  ];
  for (const [text, problem] of rows) {
    await t.step(text, () => {
      assert.throws(
        () => parseServerConfig(text),
        (error: Error) =>
          error instanceof UsageError &&
          error.message.startsWith(`Cannot read server/config.json: ${problem}`),
      );
    });
  }
});
