/**
 * A home where a person has logged in to Acme, and Acme's API: what the end-to-end tests of `run`
 * begin with.
 *
 * @module
 */
import { type CommandResult, TemporaryHome } from "./temporary_home.ts";
import { type Respond, startTlsUpstream, type TlsUpstream } from "./tls_upstream.ts";

/** The key that no child may ever see. */
export const ACME_KEY = "ak_live_9f8e7d6c5b4a39281706f5e4d3c2b1a0";
/** Where Acme's API is. */
export const ACME_HOST = "api.acme.test";
/** A host of the same server that no login covers. */
export const OTHER_HOST = "www.acme.test";

/** What a person writes to make Acme a provider. */
export const DEFINITION = {
  schema_version: 1,
  name: "acme",
  display_name: "Acme",
  auth_type: "api_key",
  flow: "api_key",
  hosts: [{ url: ACME_HOST }],
  injection: { type: "header", name: "X-Api-Key", value: "{api_key}" },
  fields: [{ name: "api_key", label: "API key", secret: true, pattern: "ak_live_[0-9a-f]{32}" }],
  env: { ACME_API_KEY: "api_key" },
};

/** See the module. */
export interface AcmeHome {
  readonly home: TemporaryHome;
  readonly api: TlsUpstream;
  /** `authsome run … -- COMMAND …` against the API. */
  run(command: readonly string[], options?: RunOptions): Promise<CommandResult>;
  /** Directory for the test's own files. */
  readonly directory: string;
  close(): Promise<void>;
}

/** Options of one run. */
export interface RunOptions {
  /** Options of `authsome run`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** What its server is. */
export interface AcmeServer {
  /** Names it has a certificate for, besides its own two. */
  readonly hosts?: readonly string[];
  /** Default: 200 with what it saw. */
  readonly respond?: Respond;
}

/** Makes it: a real daemon, a real login, a real HTTPS server. */
export async function openAcmeHome({ hosts = [], respond }: AcmeServer = {}): Promise<AcmeHome> {
  const home = await TemporaryHome.create();
  const api = startTlsUpstream([ACME_HOST, OTHER_HOST, ...hosts], respond);
  const roots = `${home.directory}/acme-roots.pem`;
  const definition = `${home.directory}/acme.json`;
  await Deno.writeTextFile(roots, api.authorityPem);
  await Deno.writeTextFile(definition, JSON.stringify(DEFINITION));
  await succeed(home.authsome(["register", definition, "--yes"]));
  await succeed(home.authsome(["login", "acme", "--stdin"], { input: `${ACME_KEY}\n` }));
  const mapped = (host: string) => ["--connect-to", `${host}:443:127.0.0.1:${api.port}`];
  return {
    home,
    api,
    directory: home.directory,
    run: (command, { args = [], env = {} } = {}) =>
      home.authsome(
        ["run", ...args, ...mapped(ACME_HOST), ...mapped(OTHER_HOST), "--", ...command],
        { env: { ...ONLY_ACME_ROOTS, SSL_CERT_FILE: roots, ...env } },
      ),
    close: async () => {
      await api.close();
      const left = await home.remove();
      if (left.length > 0) throw new Error(`processes are left: ${left}`);
    },
  };
}

/** What the machine of the test has set must not make a client trust more than the test says. */
const ONLY_ACME_ROOTS: Readonly<Record<string, string>> = Object.fromEntries(
  [
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "PIP_CERT",
    "AWS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "npm_config_cafile",
    "CARGO_HTTP_CAINFO",
  ].map((name) => [name, ""]),
);

async function succeed(command: Promise<CommandResult>): Promise<void> {
  const { code, stdout, stderr } = await command;
  if (code !== 0) throw new Error(`exit ${code}: ${stdout}${stderr}`);
}
