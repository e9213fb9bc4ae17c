/**
 * Completions in real shells: what is offered at each place of a line.
 *
 * @module
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { isAvailable, OPTIONAL_PROGRAMS } from "../support/optional_programs.ts";
import { AUTHSOME, runCli, runProgram } from "../support/run_cli.ts";
import { withHome } from "../support/temp_home.ts";
import type { TemporaryHome } from "../support/temporary_home.ts";

type Shell = "bash" | "fish";

/** A line up to the cursor, and what is among the offers or (behind `!`) is not. */
const LINES: readonly (readonly [line: string, ...offers: string[]])[] = [
  ["authsome lo", "login", "logout", "!list", "!lo"],
  ["authsome ", "login", "daemon", "scan", "provider", "!__complete"],
  ["authsome daemon st", "start", "stop", "status", "!serve"],
  ["authsome --json profile ", "create", "use", "list"],
  ["authsome provider insp", "inspect"],
  ["authsome login --fo", "--force", "!--stdin"],
  ["authsome export --format ", "env", "shell", "json", "!openai"],
  ["authsome export --format env open", "openai", "!shell"],
  ["authsome login anthro", "anthropic"],
  ["authsome remove ac", "ac-custom", "!account"],
  ["authsome logout openai/", "openai/default", "openai/work", "!anthropic/default"],
  ["authsome set-default openai w", "work", "!default"],
  ["authsome get openai --connection ", "default", "work"],
  ["authsome get --connection=x openai --fie", "--field"],
  ["authsome profile use desk-", "desk-quietly-0001"],
  ["authsome completions ", "bash", "zsh", "fish"],
  ["authsome run --deny-unmatched gre", "grep"],
  ["authsome run -- gre", "grep"],
  ["authsome nonsense daem", "!daemon"],
  ["authsome get openai $(touch pwned) ", "!login"],
];

for (const shell of ["bash", "fish"] as const) {
  Deno.test({
    name: `completions: ${shell} offers what may stand there`,
    ignore: !await has(shell),
    fn: async () => {
      await withHome(async (home) => {
        await prepare(home, shell);

        for (const [line, ...offers] of LINES) {
          const found = await complete(home, shell, line);
          for (const offer of offers) {
            const isOffered = found.includes(offer.replace("!", ""));
            equal(isOffered, !offer.startsWith("!"), `${line}| ${offer}: ${found.slice(0, 20)}`);
          }
        }
        equal([...Deno.readDirSync(home.directory)].some(({ name }) => name === "pwned"), false);
      });
    },
  });
}

Deno.test({
  name: "completions: zsh completes what is typed",
  ignore: !await has("zsh"),
  fn: async () => {
    await withHome(async (home) => {
      await prepare(home, "zsh");
      const typed: Readonly<Record<string, string>> = {
        "authsome exp": "authsome export ",
        "authsome daemon resta": "authsome daemon restart ",
        "authsome login --no-br": "authsome login --no-browser ",
        "authsome login --flow device": "authsome login --flow device_code ",
        "authsome login --flow=device": "authsome login --flow=device_code ",
        "authsome login anthropi": "authsome login anthropic ",
        "authsome logout openai/w": "authsome logout openai/work ",
        "authsome set-default openai w": "authsome set-default openai work ",
        "authsome profile use desk-": "authsome profile use desk-quietly-0001 ",
      };
      for (const [line, expected] of Object.entries(typed)) {
        const { stdout } = await inShell(home, ["zsh", "-f", "-c", ZSH, "zsh", line]);

        const lines = [...stdout.matchAll(/<<(.*?)>>/g)].map(([, buffer]) => buffer);
        deepEqual(lines, [expected], stdout);
      }
    });
  },
});

Deno.test("completions start no daemon, and say nothing when there is none", async () => {
  await withHome(async (home) => {
    const connections = await runCli(home, ["__complete", "connections", "", "openai"]);
    const providers = await runCli(home, ["__complete", "providers"]);
    const strange = await runCli(home, ["__complete", "\u001b[31m", "../..", "__proto__"]);

    deepEqual([connections.code, connections.stdout, connections.stderr], [0, "", ""]);
    ok(providers.stdout.split("\n").includes("openai"));
    deepEqual([strange.code, strange.stdout, strange.stderr], [0, "", ""]);
    await Deno.lstat(home.path).then(() => ok(false, "a home was made"), () => {});
  });
});

Deno.test("completions of another shell are refused with the ones there are", async () => {
  await withHome(async (home) => {
    const { code, stderr } = await runCli(home, ["completions", "tcsh"]);

    equal(code, 2);
    match(stderr, /SHELL is one of bash, zsh, fish/);
  });
});

async function has(shell: string): Promise<boolean> {
  return await isAvailable(
    OPTIONAL_PROGRAMS.find(({ name }) => name === shell) ??
      { name: shell, usedFor: "", probe: ["--version"] },
  );
}

/** Two logins, a definition, a profile; the script, and an `authsome` to ask. */
async function prepare(home: TemporaryHome, shell: string): Promise<void> {
  const key = "sk-proj-0123456789abcdefghijklmn\n";
  await Deno.mkdir(`${home.directory}/bin`);
  const words = AUTHSOME.map((word) => `'${word}'`).join(" ");
  await Deno.writeTextFile(`${home.directory}/bin/authsome`, `#!/bin/sh\nexec ${words} "$@"\n`, {
    mode: 0o700,
  });
  await runCli(home, ["profile", "create", "--handle", "desk-quietly-0001"]);
  await runCli(home, ["login", "openai", "--stdin"], { input: key });
  await runCli(home, ["login", "openai/work", "--stdin"], { input: key });
  const { stdout } = await runCli(home, ["completions", shell]);
  await Deno.writeTextFile(`${home.directory}/script`, stdout);
  await Deno.writeTextFile(`${home.path}/server/providers/ac-custom.json`, "{}", { mode: 0o600 });
}

/** What is offered, without its descriptions. */
async function complete(home: TemporaryHome, shell: Shell, line: string): Promise<string[]> {
  const code = shell === "bash" ? BASH : FISH;
  const { stdout, stderr } = await inShell(
    home,
    shell === "bash"
      ? ["bash", "--norc", "-c", code, "bash", line]
      : ["fish", "--no-config", "-c", code, line],
  );
  equal(stderr, "", line);
  return stdout.split("\n").map((offer) => offer.split("\t")[0]!).filter((offer) => offer !== "");
}

async function inShell(home: TemporaryHome, command: readonly string[]) {
  const path = `${home.directory}/bin:${Deno.env.get("PATH") ?? "/usr/bin:/bin"}`;
  return await runProgram(home, command, { env: { PATH: path, TERM: "dumb" } });
}

/** Splits the line as readline does (at spaces and `=`), and asks the function. */
const BASH = `
source ./script
line="$1"
read -ra COMP_WORDS <<< "\${line//=/ = }"
case "$line" in *' ') COMP_WORDS+=('') ;; esac
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
_authsome
printf '%s\\n' "\${COMPREPLY[@]}"
`;

const FISH = `
source ./script
complete -C "$argv[1]"
`;

/** Types the line into a zsh of its own and reads the line that a tab makes of it. */
const ZSH = `
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z 'PS1= PS2= RPS1=; unset zle_bracketed_paste; autoload -Uz compinit; compinit -u -D; source ./script'
zpty -w z 'show() { print -r -- "<""<$BUFFER>"">"; exit }; zle -N show; bindkey "^T" show; print rea""dy'
zpty -r z seen '*ready*'
zpty -n -w z "$1"$'\\t\\024'
while zpty -r z part; do print -r -- "$part"; done
`;
