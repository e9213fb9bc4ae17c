/**
 * Credentials that other tools keep in files of a documented form.
 *
 * To add a tool: a line in {@linkcode TOOLS}. A tool that keeps its token in the system's keyring
 * has nothing here, and that is as it should be.
 *
 * @module
 */
import type { ProviderDefinition } from "../../core/provider.ts";
import { Secret } from "../../core/secret.ts";
import { isPlaceholder } from "./environment.ts";
import type { FoundCredential } from "./found_credential.ts";
import { readIndented, readNetrc, readSections } from "./tool_formats.ts";
import { readSmallFile } from "./small_file.ts";

/** Where to look. */
export interface ToolPlaces {
  /** The person's home directory. */
  readonly home: string;
  readonly read: (variable: string) => string | undefined;
}

/** One credential in a tool's file. */
interface ToolEntry {
  /** Provider, where the tool belongs to one; else `host` finds it. */
  readonly provider?: string;
  readonly host?: string;
  readonly username?: string | undefined;
  readonly secret: string | undefined;
  readonly base_url?: string | null;
}

interface Tool {
  readonly name: string;
  readonly paths: (places: ToolPlaces) => readonly string[];
  readonly read: (text: string) => readonly ToolEntry[];
}

const config = ({ home, read }: ToolPlaces) => read("XDG_CONFIG_HOME") ?? `${home}/.config`;

const TOOLS: readonly Tool[] = [
  {
    name: "GitHub CLI",
    paths: (at) => [`${at.read("GH_CONFIG_DIR") ?? `${config(at)}/gh`}/hosts.yml`],
    read: (text) => hostTokens(readIndented(text), "oauth_token", "github-pat", "github.com"),
  },
  {
    name: "GitLab CLI",
    paths: (at) => [`${at.read("GLAB_CONFIG_DIR") ?? `${config(at)}/glab-cli`}/config.yml`],
    read: (text) =>
      hostTokens(
        Object.fromEntries(
          Object.entries(readIndented(text))
            .filter(([path]) => path.startsWith("hosts\n"))
            .map(([path, value]) => [path.slice("hosts\n".length), value]),
        ),
        "token",
        "gitlab-pat",
        "gitlab.com",
      ),
  },
  {
    name: "Hugging Face",
    paths: ({ home, read }) => [
      read("HF_TOKEN_PATH") ??
        `${read("HF_HOME") ?? `${read("XDG_CACHE_HOME") ?? `${home}/.cache`}/huggingface`}/token`,
    ],
    read: (text) => [{ provider: "huggingface", secret: text.trim() }],
  },
  {
    name: "Stripe CLI",
    paths: (at) => [`${config(at)}/stripe/config.toml`],
    read: (text) =>
      Object.values(readSections(text)).map((section) => ({
        provider: "stripe",
        secret: section["live_mode_api_key"] ?? section["test_mode_api_key"],
      })),
  },
  {
    name: "doctl",
    paths: (at) => [`${config(at)}/doctl/config.yaml`],
    read: (text) => [{ provider: "digitalocean", secret: readIndented(text)["access-token"] }],
  },
  {
    name: "Sentry CLI",
    paths: ({ home }) => [`${home}/.sentryclirc`],
    read: (text) => [{ provider: "sentry", secret: readSections(text)["auth"]?.["token"] }],
  },
  {
    name: "Terraform",
    paths: ({ home }) => [`${home}/.terraform.d/credentials.tfrc.json`],
    read: (text) => [{
      provider: "terraform-cloud",
      secret: textAt(text, ["credentials", "app.terraform.io", "token"]),
    }],
  },
  {
    name: "Docker",
    paths: ({ home, read }) => [`${read("DOCKER_CONFIG") ?? `${home}/.docker`}/config.json`],
    read: (text) => {
      const auth = textAt(text, ["auths", "https://index.docker.io/v1/", "auth"]);
      const [username, ...rest] = auth === undefined ? [] : decode(auth).split(":");
      return [{ provider: "dockerhub", username, secret: rest.join(":") }];
    },
  },
  {
    name: "netrc",
    paths: ({ home, read }) => [read("NETRC") ?? `${home}/.netrc`],
    read: (text) =>
      readNetrc(text).map(({ machine, login, password }) => ({
        host: machine,
        username: login,
        secret: password,
      })),
  },
];

/** What the tools' files hold for the given providers, each file's first credential of a provider. */
export async function readToolFiles(
  definitions: readonly ProviderDefinition[],
  places: ToolPlaces,
): Promise<{ readonly found: readonly FoundCredential[]; readonly problems: readonly string[] }> {
  const found: FoundCredential[] = [];
  const problems: string[] = [];
  for (const tool of TOOLS) {
    for (const path of tool.paths(places)) {
      const source = path.startsWith(`${places.home}/`)
        ? `~${path.slice(places.home.length)}`
        : path;
      const file = await readSmallFile(path);
      if ("problem" in file) problems.push(`${source} was left out: ${file.problem}`);
      if (!("text" in file)) continue;
      const seen = new Set<string>();
      for (const entry of tool.read(file.text)) {
        const credential = toCredential(entry, definitions, tool.name, source);
        if (credential === null || seen.has(credential.provider)) continue;
        seen.add(credential.provider);
        found.push(credential);
      }
    }
  }
  return { found, problems };
}

function toCredential(
  { provider, host, username, secret, base_url = null }: ToolEntry,
  definitions: readonly ProviderDefinition[],
  tool: string,
  source: string,
): FoundCredential | null {
  if (secret === undefined || secret === "" || isPlaceholder(secret)) return null;
  const definition = definitions.find((one) =>
    one.flows.includes("api_key") &&
    (provider === undefined ? servesHost(one, host ?? "") : one.name === provider)
  );
  const secrets = definition?.fields.filter((field) => field.secret) ?? [];
  const others = definition?.fields.filter((field) => !field.secret) ?? [];
  // With two secrets, nobody could say which one a file with one value holds.
  if (definition === undefined || secrets.length !== 1 || others.length > 1) return null;
  const fields = Object.fromEntries([
    [secrets[0]!.name, secret] as const,
    ...(others.length === 1 && username ? [[others[0]!.name, username] as const] : []),
  ].map(([name, value]) => [name, { value: new Secret(value), env_var: null, source }]));
  return { provider: definition.name, tool, fields, base_url };
}

/** Whether a host without variables is among the definition's. */
function servesHost({ hosts }: ProviderDefinition, host: string): boolean {
  return host !== "" && hosts.some(({ url }) => url.split("/", 1)[0] === host.toLowerCase());
}

/** `host → token` of the files that `gh` and `glab` keep; `usual` needs no base URL. */
function hostTokens(
  values: Readonly<Record<string, string>>,
  name: string,
  provider: string,
  usual: string,
): ToolEntry[] {
  return Object.entries(values).flatMap(([path, secret]) => {
    const [host, key, ...deeper] = path.split("\n");
    if (host === undefined || key !== name || deeper.length > 0) return [];
    return [{ provider, secret, base_url: host === usual ? null : `https://${host}` }];
  });
}

/** The text at a path of a JSON file. */
function textAt(json: string, path: readonly string[]): string | undefined {
  try {
    let value: unknown = JSON.parse(json);
    for (const name of path) value = (value as Record<string, unknown> | null)?.[name];
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined; // not the form we know
  }
}

function decode(base64: string): string {
  try {
    return atob(base64);
  } catch {
    return "";
  }
}
