/**
 * `authsome login` where nobody sits at a terminal: it says what it waits for, and how long.
 *
 * @module
 */
import { equal, match } from "node:assert/strict";
import { startCommand } from "../support/running_command.ts";
import { withHome } from "../support/temp_home.ts";

for (const provider of ["openai", "github"]) {
  Deno.test(`login ${provider} without a terminal says what it waits for, and where`, async () => {
    await withHome(async (home) => {
      const command = startCommand(home, ["login", provider]);
      await command.until(
        /Open this page:\n {2}http:\/\/127\.0\.0\.1:\d+\/api\/auth\/sessions\/sess_/,
      );
      await command.until(/Waiting until that is done, at most \d+ minutes\. Ctrl-C cancels\.\n/);
      if (provider === "openai") {
        await command.until(/To give the key here instead: authsome login openai --stdin\n/);
      }

      command.kill("SIGINT");

      const { code, stdout, stderr } = await command.finished;
      equal(code, 2);
      equal(stdout, "");
      match(stderr, new RegExp(`error: Cannot log in to ${provider}: you cancelled`));
    });
  });
}
