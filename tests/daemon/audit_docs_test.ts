/**
 * `docs/audit.md` lists the events that the code writes, in its words.
 *
 * @module
 */
import assert from "node:assert/strict";
import { AUDIT_EVENTS } from "../../core/audit_events.ts";

Deno.test("the table of events in the docs is the list in the code", async () => {
  const text = await Deno.readTextFile(new URL("../../docs/audit.md", import.meta.url));
  const table = text.slice(text.indexOf("<!-- events -->"), text.indexOf("<!-- /events -->"));
  const rows = [...table.matchAll(/^\| `(\w+)` +\| (.*?) +\|$/gm)].map((
    [, name, says],
  ) => [name, says]);

  assert.deepEqual(rows, Object.entries(AUDIT_EVENTS));
});
