/**
 * `deno doc --lint` over the two entries, less one thing: a field whose name and type say everything
 * (`readonly provider: string`) needs no sentence. Whatever else is exported does.
 *
 * @module
 */
import { say } from "./narrator.ts";
import { ROOT } from "./temporary_home.ts";

const ENTRIES = ["mod.ts", "cli.ts"];

if (import.meta.main) Deno.exit(await checkDocs());

async function checkDocs(): Promise<number> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--lint", ...ENTRIES],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  if (code === 0) return 0;
  const text = new TextDecoder();
  const output = text.decode(stderr) + text.decode(stdout);
  const findings = output.split(/^(?=error\[)/m).filter((finding) => finding.startsWith("error["));
  // It failed, and not over a doc comment: a file that cannot be read, say.
  if (findings.length === 0) say(output);
  const real = findings.filter((finding) => !isPlainField(finding));
  for (const finding of real) say(finding.trimEnd());
  return findings.length > 0 && real.length === 0 ? 0 : 1;
}

function isPlainField(finding: string): boolean {
  return finding.startsWith("error[missing-jsdoc]") &&
    /^\s*\d+ \| {2,}(override )?readonly \w+\??(:| =)/m.test(finding);
}
