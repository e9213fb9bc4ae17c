/**
 * Ctrl-C at a run: its child is told once, whoever tells it. The terminal tells everybody in the
 * foreground; a child that has left that group hears of it from the run.
 */
import assert from "node:assert/strict";
import { type AcmeHome, openAcmeHome } from "../support/acme_home.ts";
import { HAS_TERMINAL, onTerminal, type TerminalOptions } from "../support/on_terminal.ts";

/** Counts, and tells the count when it is asked to end. */
const COUNTER = `n=0
trap 'n=$((n+1)); echo "interrupted $n"' INT
trap 'echo "in all $n"; kill $!; exit 0' TERM
sleep 1000 & echo ready
while :; do wait; done`;

const CHILDREN: Readonly<
  Record<string, { command: readonly string[]; options?: TerminalOptions; linuxOnly?: true }>
> = {
  "a child of the terminal": { command: ["sh", "-c", COUNTER] },
  "a child whose input is no terminal": {
    command: ["sh", "-c", COUNTER],
    options: { input: "nothing" },
    linuxOnly: true,
  },
  "a child in a session of its own": {
    command: ["setsid", "sh", "-c", COUNTER],
    linuxOnly: true,
  },
};

let acme: AcmeHome;

Deno.test.beforeAll(async () => {
  acme = await openAcmeHome();
});
Deno.test.afterAll(async () => {
  await acme.close();
});

for (const [name, { command, options, linuxOnly }] of Object.entries(CHILDREN)) {
  const isHere = HAS_TERMINAL && (!linuxOnly || Deno.build.os === "linux");
  const title = `Ctrl-C interrupts ${name} once`;
  Deno.test(isHere ? title : `${title} (not here)`, { ignore: !isHere }, async () => {
    const { code, screen } = await onTerminal(acme.home, ["run", "--quiet", "--", ...command], [
      { expect: "ready", send: "\x03" },
      { expect: "interrupted 1", signal: "TERM" },
      { expect: "in all 1" },
    ], options);

    assert.equal(code, 0, screen);
  });
}
