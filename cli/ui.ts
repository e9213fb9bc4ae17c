/**
 * `authsome ui`: open the dashboard through a link that works once.
 *
 * @module
 */
import { openBrowser } from "./browser.ts";
import type { Command } from "./command.ts";

const options = {
  "no-browser": { summary: "Print the link instead of opening it" },
} as const;

/** The command. */
export const ui: Command<typeof options> = {
  name: "ui",
  description:
    "Open the dashboard in your browser: what is connected, what runs and what it used, the audit " +
    "log. The link works once, for a minute; whoever opens it first is in, so do not pass it on.",
  positionals: [],
  options,
  examples: [
    { line: "authsome ui", says: "open it" },
    { line: "authsome ui --no-browser", says: "print the link, for another window or over SSH" },
  ],

  async run({ options }, { openClient, voice }) {
    const client = await openClient();
    const { url, expires_at } = await client.createDashboardLink();
    const opened = !options["no-browser"] && openBrowser(url);
    // A link that a browser has taken is of no more use on the screen.
    voice.result(
      { url, expires_at, opened },
      () => opened ? "Opened the dashboard in your browser" : `Open within a minute:\n  ${url}`,
    );
  },
};
