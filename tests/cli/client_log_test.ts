/** The command line's own log, and what of it `--verbose` says. */
import assert from "node:assert/strict";
import { homePaths } from "../../core/paths.ts";
import { openClientLog } from "../../cli/client_log.ts";
import { TemporaryHome } from "../support/temporary_home.ts";

Deno.test("what was said already is logged, and not said again", async () => {
  const path = await Deno.makeTempFile();
  const said: string[] = [];
  const log = openClientLog({ path, echo: (text) => said.push(text) });

  log.write("run: begins");
  log.record("run: granted acme/default");

  assert.deepEqual(said, ["run: begins"]);
  assert.match(await Deno.readTextFile(path), /run: begins\n.*run: granted acme\/default\n$/);
  await Deno.remove(path);
});

Deno.test("run --verbose says what it granted once, and the log has it, too", async () => {
  const home = await TemporaryHome.create();
  try {
    const { code, stderr } = await home.authsome(["--verbose", "run", "--", "true"]);

    assert.equal(code, 0, stderr);
    assert.equal(stderr.match(/there is no login for this run/g)?.length, 1, stderr);
    assert.match(await Deno.readTextFile(homePaths(home.path).client.log), /there is no login/);
  } finally {
    await home.remove();
  }
});
