/**
 * A stage for whole logins: a home with its real confined daemon and relay, a real authorization
 * server over TLS, and a provider of it that is registered with `--allow-private`.
 *
 * @module
 */
import { equal } from "node:assert/strict";
import type { DaemonState } from "../../core/boot.ts";
import { homePaths } from "../../core/paths.ts";
import {
  type AuthorizationServer,
  PUBLIC_CLIENT_ID,
  startAuthorizationServer,
} from "./authorization_server.ts";
import { freePort } from "./free_port.ts";
import { runCli } from "./run_cli.ts";
import { type RunningCommand, startCommand } from "./running_command.ts";
import { withHome } from "./temp_home.ts";
import type { CommandResult, TemporaryHome } from "./temporary_home.ts";

/** The stage. */
export interface LoginStage {
  readonly home: TemporaryHome;
  readonly server: AuthorizationServer;
  /** `SSL_CERT_FILE`: the daemon then trusts the server. */
  readonly env: Readonly<Record<string, string>>;
  /** Registers a definition that holds this, beside what every one here has. */
  readonly register: (name: string, parts?: DefinitionParts) => Promise<void>;
  /** Runs a command to its end. */
  readonly run: (args: readonly string[], input?: string) => Promise<CommandResult>;
  /** Starts a command that will wait. */
  readonly start: (args: readonly string[]) => RunningCommand;
  /** The daemon as it runs now. */
  readonly daemon: () => Promise<DaemonState>;
}

/** What a definition of the stage says of its own. */
export interface DefinitionParts {
  readonly flows?: readonly string[];
  readonly oauth?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/** How a stage differs from the usual one. */
export interface StageOptions {
  /** The daemon comes back to the port it had, as it does for everybody outside of tests. */
  readonly keepsPort?: boolean;
  /** Certificate of one more authority that the daemon trusts, PEM. */
  readonly alsoTrusts?: string;
}

/** Runs `work` on a stage of its own. */
export async function withLoginStage<T>(
  work: (stage: LoginStage) => Promise<T>,
  { keepsPort = false, alsoTrusts = "" }: StageOptions = {},
): Promise<T> {
  await using server = await startAuthorizationServer();
  return await withHome(async (home) => {
    const authority = `${home.directory}/authority.pem`;
    await Deno.writeTextFile(authority, `${server.root}\n${alsoTrusts}`);
    const port: Record<string, string> = keepsPort ? { AUTHSOME_PORT: `${freePort()}` } : {};
    return await work(stageOf(home, server, { SSL_CERT_FILE: authority, ...port }));
  });
}

function stageOf(
  home: TemporaryHome,
  server: AuthorizationServer,
  env: Readonly<Record<string, string>>,
): LoginStage {
  const run = (args: readonly string[], input = "") => runCli(home, args, { env, input });
  return {
    home,
    server,
    env,
    run,
    start: (args) => startCommand(home, args, env),
    async register(name, parts = {}) {
      const path = `${home.directory}/${name}.json`;
      await Deno.writeTextFile(path, JSON.stringify(definitionOf(server, name, parts)));
      const { code, stderr } = await run(["register", path, "--allow-private", "--force"]);
      equal(code, 0, stderr);
    },
    daemon: async () => JSON.parse(await Deno.readTextFile(homePaths(home.path).server.state)),
  };
}

/** A definition of the server; a public client is shipped unless the test says otherwise. */
export function definitionOf(
  { issuer }: { readonly issuer: string },
  name: string,
  { oauth = {}, flows = ["pkce", "device_code"], ...parts }: DefinitionParts = {},
): Record<string, unknown> {
  return {
    schema_version: 1,
    name,
    display_name: `Acme ${name}`,
    docs_url: "https://acme.example/docs/oauth-apps",
    auth_type: "oauth2",
    flows,
    hosts: [`api.${name}.test`],
    oauth: {
      authorization_url: `${issuer}/auth`,
      token_url: `${issuer}/token`,
      device_authorization_url: `${issuer}/device/auth`,
      issuer,
      scopes: ["openid"],
      token_endpoint_auth_method: "none",
      client_id: PUBLIC_CLIENT_ID,
      ...oauth,
    },
    allow_private: true,
    ...parts,
  };
}
