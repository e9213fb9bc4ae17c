/**
 * Credentials in the files of other tools, as those tools write them.
 *
 * @module
 */
import { deepEqual, match } from "node:assert/strict";
import { readToolFiles } from "../../../cli/scan/tool_files.ts";
import { readNetrc } from "../../../cli/scan/tool_formats.ts";
import { bundledProviders } from "../../../providers/mod.ts";

interface Row {
  readonly file: string;
  readonly text: string;
  readonly env?: Readonly<Record<string, string>>;
  /** provider, base URL, and the values by field. */
  readonly finds: readonly [string, string | null, Readonly<Record<string, string>>] | null;
}

const FILES: Readonly<Record<string, Row>> = {
  "GitHub CLI": {
    file: ".config/gh/hosts.yml",
    text: "github.com:\n    user: octo\n    oauth_token: gho_0123456789\n    git_protocol: https\n",
    finds: ["github-pat", null, { api_key: "gho_0123456789" }],
  },
  "GitHub CLI with several accounts": {
    file: ".config/gh/hosts.yml",
    text:
      "github.com:\n    git_protocol: https\n    users:\n        octo:\n            oauth_token: " +
      "gho_other\n        cat:\n    user: octo\n    oauth_token: gho_active\n",
    finds: ["github-pat", null, { api_key: "gho_active" }],
  },
  "GitHub CLI, Enterprise, in a directory of its own": {
    file: "elsewhere/hosts.yml",
    env: { GH_CONFIG_DIR: "<HOME>/elsewhere" },
    text: 'github.example.com:\n    oauth_token: "gho_quoted"\n',
    finds: ["github-pat", "https://github.example.com", { api_key: "gho_quoted" }],
  },
  "GitHub CLI with its token in the keyring": {
    file: ".config/gh/hosts.yml",
    text: "github.com:\n    user: octo\n    git_protocol: https\n",
    finds: null,
  },
  "GitLab CLI": {
    file: ".config/glab-cli/config.yml",
    text:
      "git_protocol: ssh\n# comment\nhosts:\n    gitlab.com:\n        token: glpat-0123456789\n" +
      "        api_host: gitlab.com\n",
    finds: ["gitlab-pat", null, { api_key: "glpat-0123456789" }],
  },
  "Hugging Face": {
    file: ".cache/huggingface/token",
    text: "hf_0123456789\n",
    finds: ["huggingface", null, { api_key: "hf_0123456789" }],
  },
  "Stripe CLI": {
    file: ".config/stripe/config.toml",
    text: "color = ''\n\n[default]\ndevice_name = 'desk'\ntest_mode_api_key = 'rk_test_0123'\n",
    finds: ["stripe", null, { api_key: "rk_test_0123" }],
  },
  "doctl": {
    file: ".config/doctl/config.yaml",
    text: "access-token: dop_v1_0123\ncontext: default\n",
    finds: ["digitalocean", null, { api_key: "dop_v1_0123" }],
  },
  "Sentry CLI": {
    file: ".sentryclirc",
    text: "[defaults]\norg=acme\n[auth]\ntoken=sntrys_0123\n",
    finds: ["sentry", null, { api_key: "sntrys_0123" }],
  },
  "Terraform": {
    file: ".terraform.d/credentials.tfrc.json",
    text: '{"credentials":{"app.terraform.io":{"token":"abc.atlasv1.0123"}}}',
    finds: ["terraform-cloud", null, { api_key: "abc.atlasv1.0123" }],
  },
  "Docker": {
    file: ".docker/config.json",
    text: `{"auths":{"https://index.docker.io/v1/":{"auth":"${btoa("octo:dckr_pat_0:1")}"}}}`,
    finds: ["dockerhub", null, { username: "octo", token: "dckr_pat_0:1" }],
  },
  "Docker with its passwords in the keyring": {
    file: ".docker/config.json",
    text: '{"auths":{"https://index.docker.io/v1/":{}},"credsStore":"desktop"}',
    finds: null,
  },
  "netrc, by host": {
    file: ".netrc",
    text: "machine nobody.example login a password b\nmachine api.github.com\n  login octo\n" +
      "  password ghp_0123\n",
    finds: ["github-pat", null, { api_key: "ghp_0123" }],
  },
  "a file that is not what it should be": {
    file: ".docker/config.json",
    text: '{"auths":[1,2',
    finds: null,
  },
  "a placeholder of a run": {
    file: ".cache/huggingface/token",
    text: "hf_authsome0123456789",
    finds: null,
  },
};

for (const [title, { file, text, env = {}, finds }] of Object.entries(FILES)) {
  Deno.test(`readToolFiles() reads ${title}`, async () => {
    await withFile(file, text, async (home) => {
      const read = (name: string) => env[name]?.replace("<HOME>", home);

      const { found, problems } = await readToolFiles(await bundledProviders(), { home, read });

      deepEqual(problems, []);
      deepEqual(
        found.map(({ provider, base_url, fields }) => [
          provider,
          base_url,
          Object.fromEntries(
            Object.entries(fields).map(([name, { value }]) => [name, value.reveal()]),
          ),
        ]),
        finds === null ? [] : [finds],
      );
    });
  });
}

Deno.test("readToolFiles() names the file it cannot read", async () => {
  await withFile(".netrc/inside", "", async (home) => {
    const { found, problems } = await readToolFiles(await bundledProviders(), {
      home,
      read: () => undefined,
    });

    deepEqual(found, []);
    match(problems.join(), /^~\/\.netrc was left out: it is not a file$/);
  });
});

Deno.test("readNetrc() takes machines alone: no default, no macro, no comment", () => {
  const text = `# machine commented password no
machine "one.example" login "a b" password "x\\"y"
default login anonymous password guest
macdef init
machine inmacro password no

machine two.example password last account z`;

  deepEqual(readNetrc(text), [
    { machine: "one.example", login: "a b", password: 'x"y' },
    { machine: "two.example", login: undefined, password: "last" },
  ]);
});

async function withFile(
  name: string,
  text: string,
  work: (home: string) => Promise<void>,
): Promise<void> {
  const home = await Deno.makeTempDir({ prefix: "authsome-scan-" });
  try {
    await Deno.mkdir(`${home}/${name}`.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.writeTextFile(`${home}/${name}`, text);
    await work(home);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}
