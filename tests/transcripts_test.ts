/**
 * Plays every file in `tests/transcripts/` against the real command line and daemon.
 *
 * `UPDATE=1 deno task test tests/transcripts_test.ts` writes what happens into the files: read the
 * difference before you commit it.
 *
 * @module
 */
import { deepEqual, ok } from "node:assert/strict";
import { COMMANDS } from "../cli/mod.ts";
import { withHome } from "./support/temp_home.ts";
import { playTranscript } from "./support/transcript.ts";

const FOLDER = new URL("./transcripts/", import.meta.url);

for (const { name } of [...Deno.readDirSync(FOLDER)].sort((a, b) => a.name < b.name ? -1 : 1)) {
  if (!name.endsWith(".txt")) continue;
  Deno.test(`transcript: ${name.replace(/\.txt$/, "").replaceAll("_", " ")}`, async () => {
    const file = new URL(name, FOLDER);
    const expected = await Deno.readTextFile(file);

    const played = await withHome((home) => playTranscript(home, expected));

    if (Deno.env.get("UPDATE") === "1") await Deno.writeTextFile(file, played);
    else ok(played === expected, `${name} went otherwise:\n${difference(expected, played)}`);
  });
}

Deno.test("every command that a person types is in a transcript", async () => {
  const files = [FOLDER, new URL("logins/", FOLDER)].flatMap((folder) =>
    [...Deno.readDirSync(folder)].filter(({ isFile }) => isFile).map(({ name }) =>
      new URL(name, folder)
    )
  );
  const texts = await Promise.all(files.map((file) => Deno.readTextFile(file)));
  const typed = texts.join("\n").split("\n").filter((line) => line.startsWith("$ ")).join("\n");

  const missing = COMMANDS.map(({ name }) => name)
    .filter((name) => !new RegExp(`\\bauthsome ${name}(?![\\w-])`).test(typed));

  deepEqual(missing, []);
});

/** The lines around the first one that differs, as they were expected (-) and as they came (+). */
function difference(expected: string, played: string): string {
  const [wanted, got] = [expected.split("\n"), played.split("\n")];
  const at = wanted.findIndex((line, i) => line !== got[i]);
  const from = Math.max(at < 0 ? wanted.length : at, 0);
  return [
    ...wanted.slice(Math.max(from - 5, 0), from).map((line) => `  ${line}`),
    ...wanted.slice(from, from + 8).map((line) => `- ${line}`),
    ...got.slice(from, from + 8).map((line) => `+ ${line}`),
  ].join("\n");
}
