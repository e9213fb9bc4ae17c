/**
 * Exporting credentials: names, quoting, and what never leaves.
 *
 * @module
 */
import { deepEqual, equal, match, throws } from "node:assert/strict";
import type { ExportResult } from "../../core/api.ts";
import type { Connection } from "../../core/connection.ts";
import { InvalidInputError } from "../../core/errors.ts";
import { Secret } from "../../core/secret.ts";
import { formatCredentials } from "../../daemon/broker/format_credentials.ts";
import { saveConnection } from "../../daemon/records/connections.ts";
import {
  CANARY,
  type Client,
  logIn,
  openTestDaemon,
  registerOwner,
  type TestDaemon,
} from "./support/test_daemon.ts";

Deno.test("export gives the definition's variable, or the provider's and the field's name", async () => {
  await using home = await open();
  await logIn(home.owner, "acme");
  await logIn(home.owner, "strict", { api_key: "st_123456" });

  const acme = await home.export({ provider: "acme" });
  const strict = await home.export({ provider: "strict", format: "shell" });

  deepEqual(acme, {
    output: `ACME_API_KEY=${CANARY}\n`,
    credentials: { ACME_API_KEY: CANARY },
    skipped: [],
  });
  equal(strict.output, "export STRICT_API_KEY='st_123456'\n");
});

Deno.test("what a shell reads back is the value, whatever is in it", async (t) => {
  const values: Record<string, string> = {
    "a space": "two words",
    "a single quote": "it's",
    "only quotes": "''''",
    "a substitution": "$(touch /tmp/pwned)`id`$HOME",
    "a semicolon": "a; rm -rf /",
    "a backslash": "a\\b\\",
    "a double quote": 'a"b',
    "a hash": "a #b",
    "a glob": "*",
    "a line break": "first\nsecond",
    "not ASCII": "schlüssel✓",
  };
  for (const [title, value] of Object.entries(values)) {
    await t.step(title, async () => {
      equal(await throughShell(formatCredentials({ KEY: value }, "shell")), value);
      if (!value.includes("\n")) {
        equal(await throughShell(`set -a\n${formatCredentials({ KEY: value }, "env")}`), value);
      }
    });
  }
});

Deno.test("env refuses a value with a line break, and does not show it", () => {
  for (const value of [`${CANARY}\nEVIL=1`, `${CANARY}\rEVIL=1`]) {
    throws(() => formatCredentials({ KEY: value }, "env"), (error) => {
      equal(error instanceof InvalidInputError, true);
      equal((error as Error).message.includes(CANARY), false);
      return true;
    });
  }
});

Deno.test("json holds every value as it is", () => {
  const values = { A: 'quote " and \n break', B: "x" };

  deepEqual(JSON.parse(formatCredentials(values, "json")), values);
});

Deno.test("several connections get names of their own; the default keeps the plain one", async () => {
  await using home = await open();
  await logIn(home.owner, "acme", { api_key: "sk-work-12345" }, "work");
  await logIn(home.owner, "acme", { api_key: "sk-home-12345" }, "at-home");

  const { credentials } = await home.export({});

  deepEqual(credentials, {
    ACME_API_KEY: "sk-work-12345",
    ACME_API_KEY_AT_HOME: "sk-home-12345",
  });
});

Deno.test("refresh tokens and client secrets stay, even where a definition names variables for them", async () => {
  await using home = await open();
  await keepOAuth(home, { expires_at: null });

  const { output, credentials } = await home.export({ provider: "hub", format: "json" });

  deepEqual(credentials, { HUB_TOKEN: "access-token-value" });
  equal(/refresh-token-value|client-secret-value/.test(output), false);
});

Deno.test("an expired token fails its own export, and is named by an export of everything", async () => {
  await using home = await open();
  await logIn(home.owner, "acme");
  await keepOAuth(home, { expires_at: new Date(home.daemon.clock.now.getTime() - 1000) });

  const own = await home.owner.call("POST", "/credentials/export", { provider: "hub" });
  const all = await home.export({});

  equal(own.status, 409);
  match((await own.json()).hint, /authsome login hub/);
  deepEqual(all.credentials, { ACME_API_KEY: CANARY });
  match(all.skipped[0]!, /^hub\/default: /);
  match(all.output, /^# left out: hub\/default: /);
});

Deno.test("each export is written down", async () => {
  await using home = await open();
  await logIn(home.owner, "acme");

  await home.export({ provider: "acme", format: "shell" });

  deepEqual(home.daemon.audit.at(-1), {
    event: "export",
    status: "success",
    identity: home.owner.signer.subject,
    provider: "acme",
    connection: "default",
    details: { format: "shell" },
  });
});

Deno.test("a provider nobody is logged in to, and a connection that is not there", async () => {
  await using home = await open();
  const missing = await home.owner.call("POST", "/credentials/export", { provider: "acme" });
  await logIn(home.owner, "acme", { api_key: CANARY }, "work");
  const unknown = await home.owner.call("POST", "/credentials/export", {
    provider: "acme",
    connection: "wrok",
  });

  equal((await missing.json()).error, "CredentialMissingError");
  deepEqual(await unknown.json(), {
    error: "ConnectionNotFoundError",
    message: "Cannot find acme/wrok: there is no such connection",
    provider: "acme",
    connection: "wrok",
    hint: "Did you mean acme/work?",
  });
});

interface Home extends AsyncDisposable {
  readonly daemon: TestDaemon;
  readonly owner: Client;
  readonly export: (request: unknown) => Promise<ExportResult>;
}

async function open(): Promise<Home> {
  const daemon = await openTestDaemon();
  const owner = await registerOwner(daemon);
  return {
    daemon,
    owner,
    export: (request) => owner.json<ExportResult>("POST", "/credentials/export", request),
    [Symbol.asyncDispose]: () => daemon.stop(),
  };
}

/** An OAuth connection as a login would leave it. */
async function keepOAuth(
  { daemon, owner }: Home,
  changes: Partial<Connection>,
): Promise<void> {
  const { principal_id, vault_id } = await owner.json<Connection>("GET", "/whoami");
  const now = daemon.clock.now;
  await saveConnection(daemon.vault, {
    schema_version: 2,
    provider: "hub",
    connection_name: "default",
    identity: owner.signer.subject,
    principal_id,
    vault_id,
    auth_type: "oauth2",
    flow: "pkce",
    status: "connected",
    base_url: null,
    api_url: null,
    scopes: ["read"],
    secrets: {
      access_token: new Secret("access-token-value"),
      client_secret: new Secret("client-secret-value"),
    },
    token_type: "Bearer",
    expires_at: null,
    obtained_at: now,
    account: { id: null, label: null },
    metadata: {},
    ...changes,
  }, { now });
}

/** The value of KEY after a POSIX shell has read the text. */
async function throughShell(text: string): Promise<string> {
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", `${text}\nprintf %s "$KEY"`],
    env: { KEY: "" },
  }).output();
  return new TextDecoder().decode(stdout);
}
