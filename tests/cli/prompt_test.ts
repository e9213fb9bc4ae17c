/**
 * Prompts on a real (pseudo) terminal: what is shown, what is not, and how the terminal is left.
 *
 * @module
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { HAS_TERMINAL, onTerminal } from "../support/on_terminal.ts";
import { processesOf } from "../support/processes_of.ts";
import { runCli } from "../support/run_cli.ts";
import { withHome } from "../support/temp_home.ts";
import type { TemporaryHome } from "../support/temporary_home.ts";

const KEY = "sk-proj-Tk9vQm2xLr8sWd5y";

/** A test on a terminal; skipped, with its reason in the name, where there is none. */
function terminalTest(name: string, work: (home: TemporaryHome) => Promise<void>): void {
  Deno.test({
    name: HAS_TERMINAL ? name : `${name} (needs python3)`,
    ignore: !HAS_TERMINAL,
    fn: () => withHome(work),
  });
}

async function storedKey(home: TemporaryHome): Promise<string> {
  const { stdout } = await runCli(home, ["get", "openai", "--show-secret", "--field", "api_key"]);
  return stdout.trim();
}

terminalTest("login asks for the key behind stars and echoes nothing", async (home) => {
  const { code, screen, restored } = await onTerminal(home, ["login", "openai"], [
    { expect: "API key: ", send: `wrong\x15${KEY}x\x7f\r` },
    { expect: "Logged in" },
  ]);

  equal(code, 0);
  ok(screen.includes("*".repeat(KEY.length)));
  equal(screen.includes("sk-") || screen.includes("wrong"), false, screen);
  equal(restored, true);
  equal(await storedKey(home), KEY);
});

terminalTest(
  "Ctrl-C at the prompt ends with 2, cancels the login, leaves the terminal",
  async (home) => {
    const { code, screen, restored } = await onTerminal(home, ["login", "openai"], [
      { expect: "API key: ", send: "sk-half\x03" },
    ]);

    equal(code, 2);
    match(screen, /Cannot log in to openai: you cancelled/);
    equal(screen.includes("sk-half"), false);
    equal(restored, true);
  },
);

for (const signal of ["TERM", "HUP", "INT"] as const) {
  terminalTest(`SIG${signal} at the prompt leaves the terminal as it was`, async (home) => {
    const { code, restored } = await onTerminal(home, ["login", "openai"], [
      { expect: "API key: ", signal },
      { expect: "you cancelled" },
    ]);

    deepEqual({ code, restored }, { code: 2, restored: true });
  });
}

terminalTest(
  "a variable of the environment is asked for, and not used without a yes",
  async (home) => {
    const env = { OPENAI_API_KEY: "sk-proj-from-the-environment" };
    const refused = await onTerminal(home, ["login", "openai"], [
      { expect: "OPENAI_API_KEY is set in your environment. Use it? [Y/n] ", send: "n\r" },
      { expect: "API key: ", send: `${KEY}\r` },
      { expect: "Logged in" },
    ], { env });
    equal(refused.code, 0);
    equal(await storedKey(home), KEY);

    const taken = await onTerminal(home, ["login", "openai", "--force"], [
      { expect: "Use it? [Y/n] ", send: "\r" },
      { expect: "Logged in" },
    ], { env });
    equal(taken.screen.includes(env.OPENAI_API_KEY), false);
    equal(await storedKey(home), env.OPENAI_API_KEY);
  },
);

terminalTest("a key of an odd form is used only after a yes", async (home) => {
  const { screen } = await onTerminal(home, ["login", "openai"], [
    { expect: "API key: ", send: "odd-one\r" },
    { expect: "Use it anyway? [y/N] ", send: "\r" },
    { expect: "API key: ", send: "odd-two\r" },
    { expect: "Use it anyway? [y/N] ", send: "perhaps\r" },
    { expect: "Use it anyway? [y/N] ", send: "y\r" },
    { expect: "Logged in" },
  ]);

  match(screen, /API key does not have the usual form/);
  equal(await storedKey(home), "odd-two");
});

terminalTest(
  "several fields, pasted before they are asked for: the secret one stays unseen",
  async (home) => {
    const { code, screen } = await onTerminal(home, ["login", "twilio"], [
      {
        expect: "Made your profile",
        send: "AC0123456789abcdef0123456789abcdef\rfedcba9876543210fedcba9876543210\r",
      },
      { expect: "Logged in" },
    ]);

    equal(code, 0);
    ok(screen.includes("AC0123456789abcdef"), screen);
    equal(screen.includes("fedcba98"), false);
  },
);

terminalTest(
  "two secret fields: each is asked for unseen, and each variable is asked about",
  async (home) => {
    const keys = { api_key: "0123456789abcdef".repeat(2), application_key: "fedcba98".repeat(5) };
    const typed = await onTerminal(home, ["login", "datadog"], [
      { expect: "API key: ", send: `${keys.api_key}\r` },
      { expect: "Application key: ", send: `${keys.application_key}\r` },
      { expect: "Logged in" },
    ]);
    const taken = await onTerminal(home, ["login", "datadog/two"], [
      { expect: "DD_API_KEY is set in your environment. Use it? [Y/n] ", send: "\r" },
      { expect: "DD_APP_KEY is set in your environment. Use it? [Y/n] ", send: "\r" },
      { expect: "Logged in" },
    ], { env: { DD_API_KEY: keys.api_key, DD_APP_KEY: keys.application_key } });

    for (const { screen } of [typed, taken]) {
      equal(screen.includes("01234567") || screen.includes("fedcba98"), false, screen);
    }
    for (const connection of ["default", "two"]) {
      const args = ["get", `datadog/${connection}`, "--show-secret", "--json"];
      const shown = JSON.parse((await runCli(home, args)).stdout);
      equal(shown.api_key, keys.api_key);
      equal(JSON.stringify(shown).includes(keys.application_key), true);
    }
  },
);

terminalTest(
  "Enter opens the form in the browser, and Ctrl-C while waiting cancels",
  async (home) => {
    const opened = await fakeBrowser(home);
    const { code, screen, restored } = await onTerminal(home, ["login", "openai"], [
      { expect: "for a form in the browser): ", send: "\r" },
      { expect: "Waiting for you to finish", send: "\x03" },
      { expect: "you cancelled" },
    ], { env: opened.env, columns: 120 });

    deepEqual({ code, restored }, { code: 2, restored: true });
    const url = /http:\/\/127\.0\.0\.1:\d+\/\S+\/input/.exec(screen)?.[0];
    equal(await opened.url(), url);
    const page = await fetch(url!);
    equal((await page.text()).includes("<form"), false, "nobody can finish it any more");
  },
);

terminalTest("the page opened by a login that waits ends it", async (home) => {
  const opened = await fakeBrowser(home);
  const login = onTerminal(home, ["login", "openai"], [
    { expect: "for a form in the browser): ", send: "\r" },
    { expect: "Logged in" },
  ], { env: opened.env, columns: 120 });

  await submitForm(await opened.url(), { api_key: KEY });

  equal((await login).code, 0);
  equal(await storedKey(home), KEY);
});

terminalTest("while a key is asked for, no process has it in its arguments", async (home) => {
  const piped = runCli(home, ["login", "openai", "--stdin"], { input: `${KEY}\n` });
  const seen = new Set<string>();
  let done = false;
  piped.then(() => done = true, () => done = true);
  while (!done) {
    for (const pid of processesOf(home.directory)) {
      seen.add(await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => ""));
      seen.add(await Deno.readTextFile(`/proc/${pid}/environ`).catch(() => ""));
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  equal((await piped).code, 0);
  ok(seen.size > 1);
  equal([...seen].some((text) => text.includes(KEY)), false);
});

terminalTest(
  "register shows what will be trusted, and does nothing without a yes",
  async (home) => {
    const definition = {
      name: "acme",
      display_name: "Acme",
      auth_type: "api_key",
      hosts: ["api.acme.test"],
      injection: { type: "header", name: "X-Key", value: "{api_key}" },
      fields: [{ name: "api_key", label: "API key", secret: true }],
      env: { ACME_API_KEY: "api_key" },
    };
    await Deno.writeTextFile(`${home.directory}/acme.json`, JSON.stringify(definition));

    const declined = await onTerminal(home, ["register", "acme.json"], [
      { expect: "Register it? [y/N] ", send: "\r" },
      { expect: "Nothing was changed" },
    ]);
    match(declined.screen, /api\.acme\.test[^]*X-Key: \{api_key\}[^]*ACME_API_KEY/);
    equal((await runCli(home, ["inspect", "acme"])).code, 4);

    const taken = await onTerminal(home, ["register", "acme.json"], [
      { expect: "Register it? [y/N] ", send: "y\r" },
      { expect: "Registered acme" },
    ]);
    equal(taken.code, 0);

    const replaced = await onTerminal(home, ["register", "acme.json"], [
      { expect: "There is a definition of acme already. Replace it? [y/N] ", send: "y\r" },
      { expect: "Replaced acme" },
    ]);
    equal(replaced.code, 0);
  },
);

terminalTest(
  "a vault with a passphrase: asked twice when it is made, once when it is opened",
  async (home) => {
    const made = await onTerminal(home, ["init", "--encryption", "passphrase"], [
      { expect: "Passphrase of the vault: ", send: "hunter2\r" },
      { expect: "fewer than 12 characters" },
      { expect: "Passphrase of the vault: ", send: "correct horse\r" },
      { expect: "The same once more: ", send: "correct hose\r" },
      { expect: "They differ" },
      { expect: "Passphrase of the vault: ", send: "correct horse\r" },
      { expect: "The same once more: ", send: "correct horse\r" },
      { expect: "authsome is ready" },
    ]);
    equal(made.screen.includes("correct"), false);

    await runCli(home, ["daemon", "stop"]);
    equal((await runCli(home, ["whoami"])).code, 1, "nobody can be asked without a terminal");
    const opened = await onTerminal(home, ["whoami"], [
      { expect: "Passphrase of the vault: ", send: "correct horse\r" },
      { expect: "your passphrase, works" },
    ]);
    equal(opened.code, 0);
  },
);

terminalTest("a terminal of 20 columns: nothing breaks, the key stays unseen", async (home) => {
  const { code, screen, restored } = await onTerminal(home, ["login", "openai"], [
    { expect: "API key: ", send: `${KEY}${"\x7f".repeat(3)}${KEY.slice(-3)}\r` },
    { expect: "Logged in" },
  ], { columns: 20 });

  deepEqual({ code, restored }, { code: 0, restored: true });
  equal(screen.includes("sk-"), false);
  equal(await storedKey(home), KEY);
});

/** A browser that only writes down what it was told to open. */
async function fakeBrowser(home: TemporaryHome) {
  const directory = `${home.directory}/browser`;
  const seen = `${directory}/url`;
  await Deno.mkdir(directory);
  await Deno.writeTextFile(
    `${directory}/xdg-open`,
    `#!/bin/sh\nprintf %s "$1" > ${seen}.part && mv ${seen}.part ${seen}\n`,
    { mode: 0o700 },
  );
  return {
    env: { DISPLAY: ":0", PATH: `${directory}:${Deno.env.get("PATH") ?? "/usr/bin:/bin"}` },
    async url(): Promise<string> {
      for (let tries = 0; tries < 2000; tries++) {
        const url = await Deno.readTextFile(seen).catch(() => "");
        if (url !== "") return url;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      throw new Error("no browser was opened");
    },
  };
}

/** What a browser does with the daemon's form. */
async function submitForm(url: string, values: Record<string, string>): Promise<void> {
  const page = await fetch(url);
  const html = await page.text();
  const cookie = page.headers.getSetCookie().map((line) => line.split(";")[0]).join("; ");
  const hidden = [...html.matchAll(/<input[^>]*type="hidden"[^>]*>/g)].map(([tag]) => [
    /name="([^"]*)"/.exec(tag)?.[1] ?? "",
    /value="([^"]*)"/.exec(tag)?.[1] ?? "",
  ]);
  const answer = await fetch(url, {
    method: "POST",
    redirect: "manual",
    headers: { origin: new URL(url).origin, ...(cookie === "" ? {} : { cookie }) },
    body: new URLSearchParams({ ...Object.fromEntries(hidden), ...values }),
  });
  await answer.body?.cancel();
  ok(answer.status < 400, `the form answered ${answer.status}`);
}
