/**
 * Backups and new keys on a terminal: what is asked, what is shown, what a no does.
 *
 * @module
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { HAS_TERMINAL, onTerminal } from "../support/on_terminal.ts";
import { runCli } from "../support/run_cli.ts";
import { withHome } from "../support/temp_home.ts";
import type { TemporaryHome } from "../support/temporary_home.ts";

const KEY = "sk-proj-0123456789abcdefghijklmn";
const PASSPHRASE = "correct horse battery";

/** A test on a terminal, in a home with one login; skipped where there is no terminal. */
function terminalTest(name: string, work: (home: TemporaryHome) => Promise<void>): void {
  Deno.test({
    name: HAS_TERMINAL ? name : `${name} (needs python3)`,
    ignore: !HAS_TERMINAL,
    fn: () =>
      withHome(async (home) => {
        await runCli(home, ["login", "openai", "--stdin"], { input: KEY });
        await work(home);
      }),
  });
}

async function connections(home: TemporaryHome): Promise<unknown> {
  const { stdout } = await runCli(home, ["whoami", "--json"]);
  return JSON.parse(stdout).connected_providers[0]?.connections;
}

terminalTest("backup asks twice behind stars, and again when the two differ", async (home) => {
  const { code, screen, restored } = await onTerminal(home, ["backup", "all.backup"], [
    { expect: "Passphrase of the backup: ", send: "too short\r" },
    { expect: "fewer than 12 characters" },
    { expect: "Passphrase of the backup: ", send: `${PASSPHRASE}\r` },
    { expect: "The same once more: ", send: "correct horse batterx\r" },
    { expect: "They differ" },
    { expect: "Passphrase of the backup: ", send: `${PASSPHRASE}\r` },
    { expect: "The same once more: ", send: `${PASSPHRASE}\r` },
    { expect: "Backed up 1 connection to all.backup" },
  ]);

  deepEqual({ code, restored }, { code: 0, restored: true });
  ok(!screen.includes("horse") && screen.includes("*".repeat(PASSPHRASE.length)));
  const { stdout } = await runCli(home, ["backup", "verify", "all.backup", "--stdin"], {
    input: PASSPHRASE,
  });
  match(stdout, /The backup opens/);
});

terminalTest("backup asks nothing where the file is there already", async (home) => {
  await Deno.writeTextFile(`${home.directory}/all.backup`, "precious");
  const { code, screen } = await onTerminal(home, ["backup", "all.backup"], [
    { expect: "it exists" },
  ]);
  equal(code, 2);
  ok(!screen.includes("Passphrase"));
});

terminalTest("Ctrl-C, or nothing, at the passphrase makes no backup", async (home) => {
  for (const send of ["half of it\x03", "\r"]) {
    const { code, restored } = await onTerminal(home, ["backup", "all.backup"], [
      { expect: "Passphrase of the backup: ", send },
    ]);
    deepEqual({ code, restored }, { code: 2, restored: true });
  }
  ok(![...Deno.readDirSync(home.directory)].some(({ name }) => name.includes("backup")));
});

terminalTest("restore shows what is in it, and changes nothing without a yes", async (home) => {
  await runCli(home, ["backup", "all.backup", "--stdin"], { input: PASSPHRASE });
  await runCli(home, ["login", "openai/work", "--stdin"], { input: KEY });

  const declined = await onTerminal(home, ["restore", "all.backup"], [
    { expect: "Passphrase of the backup: ", send: `${PASSPHRASE}\r` },
    { expect: "1: openai" },
    { expect: "Replace 2 connections that are here by this? [y/N] ", send: "\r" },
    { expect: "Nothing was changed" },
  ]);
  equal(declined.code, 0);
  deepEqual(await connections(home), ["default", "work"]);

  const { code, screen } = await onTerminal(home, ["restore", "all.backup"], [
    { expect: "Passphrase of the backup: ", send: `${PASSPHRASE}\r` },
    { expect: "[y/N] ", send: "y\r" },
    { expect: "Restored 1 connection from all.backup" },
  ]);
  equal(code, 0);
  match(screen, /What was here before: authsome restore/);
  deepEqual(await connections(home), ["default"]);
});

terminalTest(
  "a wrong passphrase is told before anything is asked about replacing",
  async (home) => {
    await runCli(home, ["backup", "all.backup", "--stdin"], { input: PASSPHRASE });
    const { code, screen } = await onTerminal(home, ["restore", "all.backup"], [
      { expect: "Passphrase of the backup: ", send: "correct horse batterx\r" },
      { expect: "the passphrase is wrong" },
    ]);
    equal(code, 2);
    ok(!screen.includes("Replace"));
  },
);

Deno.test("without a terminal the passphrase comes from a variable, a file or standard input", async () => {
  await withHome(async (home) => {
    await Deno.writeTextFile(`${home.directory}/phrase`, `${PASSPHRASE}\n`);
    const env = { AUTHSOME_BACKUP_PASSPHRASE: PASSPHRASE };
    equal((await runCli(home, ["backup", "all.backup"], { env })).code, 0);
    const ways = [
      [["--stdin"], { input: `${PASSPHRASE}\r\n` }],
      [["--passphrase-file", "phrase"], { env: { AUTHSOME_BACKUP_PASSPHRASE: "not this one" } }],
      [[], { env }],
    ] as const;
    for (const [options, given] of ways) {
      const { code, stderr } = await runCli(
        home,
        ["backup", "verify", "all.backup", ...options],
        given,
      );
      equal(code, 0, stderr);
    }
  });
});

Deno.test("a directory is no passphrase file, and is called one", async () => {
  await withHome(async (home) => {
    const args = ["backup", "all.backup", "--passphrase-file", home.directory];
    const { code, stderr } = await runCli(home, args);

    equal(code, 2);
    match(stderr, /^error: Cannot read .*: it is a directory\n/);
  });
});

const BAD_PASSPHRASES: readonly (readonly [name: string, bytes: Uint8Array, message: RegExp])[] = [
  ["nothing but spaces", new TextEncoder().encode(" \n\t\n"), /Cannot use an empty passphrase/],
  ["more than 4 KiB", new TextEncoder().encode("x".repeat(5000)), /longer than 4096 bytes/],
  ["bytes that are no text", new Uint8Array(40).fill(0xff), /not text in UTF-8/],
];
for (const [name, bytes, message] of BAD_PASSPHRASES) {
  Deno.test(`a passphrase file with ${name} is refused`, async () => {
    await withHome(async (home) => {
      await Deno.writeFile(`${home.directory}/phrase`, bytes);
      const args = ["backup", "all.backup", "--passphrase-file", "phrase", "--json"];
      const { code, stdout } = await runCli(home, args);
      equal(code, 2);
      match(JSON.parse(stdout).message, message);
    });
  });
}

Deno.test({
  name: "a vault with a passphrase asks for a new one, and opens with that",
  ignore: !HAS_TERMINAL,
  fn: () =>
    withHome(async (home) => {
      const init = await onTerminal(home, ["init", "--encryption", "passphrase"], [
        { expect: "Passphrase of the vault: ", send: "the first of two\r" },
        { expect: "The same once more: ", send: "the first of two\r" },
        { expect: "authsome is ready" },
      ]);
      equal(init.code, 0);

      const rotated = await onTerminal(home, ["key", "rotate"], [
        { expect: "New passphrase of the vault: ", send: "the second of two\r" },
        { expect: "The same once more: ", send: "the second of two\r" },
        { expect: "Changed the keys" },
        { expect: "asks for the new passphrase" },
      ]);
      equal(rotated.code, 0);
      ok(!rotated.screen.includes("second of"));

      await runCli(home, ["daemon", "stop"]);
      const before = await onTerminal(home, ["whoami"], [
        { expect: "Passphrase of the vault: ", send: "the first of two\r" },
        { expect: "is not the master key it was made" },
      ]);
      equal(before.code, 1);
      const after = await onTerminal(home, ["whoami"], [
        { expect: "Passphrase of the vault: ", send: "the second of two\r" },
        { expect: "encryption" },
      ]);
      equal(after.code, 0);
    }),
});
