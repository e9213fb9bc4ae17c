/**
 * Plays every file in `tests/transcripts/logins/`: logins with each flow, against a real authorization
 * server, with a visitor in place of the browser.
 *
 * `UPDATE=1 deno task test tests/login_transcripts_test.ts` writes what happens into the files.
 *
 * @module
 */
import { equal } from "node:assert/strict";
import { definitionOf, type LoginStage, withLoginStage } from "./support/login_stage.ts";
import { ROOT } from "./support/temporary_home.ts";
import { playTranscript } from "./support/transcript.ts";

const FOLDER = new URL("./transcripts/logins/", import.meta.url);

/** Definitions that the transcripts register, each in a file. */
const DEFINITIONS = {
  acme: {
    flows: ["pkce"],
    oauth: { client_id: undefined, token_endpoint_auth_method: "client_secret_basic" },
  },
  open: {},
  robot: {
    flows: ["client_credentials"],
    oauth: { client_id: undefined, token_endpoint_auth_method: "client_secret_basic", scopes: [] },
  },
};

for (const { name } of [...Deno.readDirSync(FOLDER)].sort((a, b) => a.name < b.name ? -1 : 1)) {
  Deno.test({
    name: `transcript of a login: ${name.replace(/\.txt$/, "").replaceAll("_", " ")}`,
    // The stand-in for the browser is an `xdg-open`.
    ignore: Deno.build.os !== "linux",
    async fn() {
      const file = new URL(name, FOLDER);
      const expected = await Deno.readTextFile(file);

      const played = await withLoginStage(async (stage) => {
        await prepare(stage);
        return await playTranscript(stage.home, expected, {
          ...stage.env,
          DISPLAY: ":0",
          MCP_URL: stage.server.resource,
        });
      });

      if (Deno.env.get("UPDATE") === "1") await Deno.writeTextFile(file, played);
      else equal(played, expected);
    },
  });
}

/** The definitions, and a program that opens pages. */
async function prepare({ home, server }: LoginStage): Promise<void> {
  for (const [name, parts] of Object.entries(DEFINITIONS)) {
    await Deno.writeTextFile(
      `${home.directory}/${name}.json`,
      JSON.stringify(definitionOf(server, name, parts)),
    );
  }
  await Deno.mkdir(`${home.directory}/bin`);
  const visit = `'${Deno.execPath()}' run -A --quiet '${ROOT}tests/support/visit_page.ts' "$1"`;
  await Deno.writeTextFile(`${home.directory}/bin/xdg-open`, `#!/bin/sh\nexec ${visit}\n`, {
    mode: 0o700,
  });
}
