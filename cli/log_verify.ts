/**
 * `authsome log verify`: whether the audit log is as it was written.
 *
 * @module
 */
import type { AuditReport } from "../core/api.ts";
import type { Command } from "./command.ts";
import { plainLine } from "./plain_text.ts";
import { plural } from "./plural.ts";

/** The command. */
export const logVerify: Command<Record<never, never>> = {
  name: "log verify",
  description: "Check every line and every signature of the audit log. Exits 1, and says which " +
    "file and line, when one was changed, removed, inserted or cut off.",
  positionals: [],
  options: {},
  examples: [{ line: "authsome log verify", says: "check that nothing was changed" }],

  async run(_args, { voice, openClient }) {
    const report = await (await openClient()).verifyAuditLog();
    const { fault } = report;
    voice.result({ ok: fault === null, ...report }, () => fault === null ? describe(report) : "");
    if (fault === null) return;
    voice.warning(`The audit log was changed: ${plainLine(fault.message)}`);
    return 1;
  },
};

function describe({ lines, files, signed_until, head_seq }: AuditReport): string {
  // Signatures are made at start, at stop and each hour, so the newest lines never have one yet.
  const signed = signed_until === head_seq
    ? "All of it is signed"
    : `Signed up to line ${signed_until}; the rest is signed within the hour`;
  return `The audit log is intact: ${plural(lines, "line")} in ${plural(files, "file")}. ${signed}`;
}
