/**
 * `authsome log verify`: whether the audit log is as it was written.
 *
 * @module
 */
import type { AuditReport } from "../core/api.ts";
import type { Command } from "./command.ts";
import { plainLine } from "./plain_text.ts";

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

function describe({ lines, files, checkpoints, signed_until, head_seq }: AuditReport): string {
  const unsigned = head_seq - signed_until;
  const behind = unsigned === 0 ? "" : `; ${plural(unsigned, "line")} not yet signed`;
  return `The audit log holds: ${plural(lines, "line")} in ${plural(files, "file")}, ` +
    `${plural(checkpoints, "signature")}${behind}`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
