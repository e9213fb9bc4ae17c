/**
 * Plays every file in `tests/transcripts/` against the real command line and daemon.
 *
 * `UPDATE=1 deno task test tests/transcripts_test.ts` writes what happens into the files: read the
 * difference before you commit it.
 *
 * @module
 */
import { ok } from "node:assert/strict";
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
