/**
 * `deno task soak [MINUTES]`: one `authsome run` under mixed load, while its owner changes a key and
 * the daemon dies, again and again. Ends with 1 when a credential was wrong or missing, a request
 * failed, memory grew by more than a tenth, or something was left behind.
 *
 * `--without-http2` leaves HTTP/2 out, whose clients need Node; `--write` puts the result into `docs/benchmarks.md`.
 *
 * @module
 */
import { say } from "../../tests/support/narrator.ts";
import { describeMachine, replaceBetweenMarkers } from "../report.ts";
import { RHYTHM, soak } from "./soak.ts";
import { isPassed, renderSoak } from "./soak_report.ts";

const DEFAULT_MINUTES = 10;
const PAGE = new URL("../../docs/benchmarks.md", import.meta.url);
const MARKERS = {
  begin: "<!-- soak:begin (written by: deno task soak --write) -->",
  end: "<!-- soak:end -->",
};

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  const [minutes = DEFAULT_MINUTES, ...more] = args.filter((arg) => !arg.startsWith("--"))
    .map(Number);
  if (!(minutes > 0) || more.length > 0) {
    say("Cannot soak: the only argument is a number of minutes, such as deno task soak 10");
    return 2;
  }
  say(`Soaking for ${minutes} min …`);
  const withoutHttp2 = args.includes("--without-http2");
  const result = await soak(minutes * 60_000, say, { ...RHYTHM, withoutHttp2 });
  const text = renderSoak(result);
  say(`\n${text}`);
  if (args.includes("--write")) {
    const page = await Deno.readTextFile(PAGE);
    const content = `${text}\n\n${describeMachine()}. Command: ` +
      `\`deno task soak ${minutes}${withoutHttp2 ? " --without-http2" : ""}\`.`;
    await Deno.writeTextFile(PAGE, replaceBetweenMarkers(page, content, MARKERS));
    await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", PAGE.pathname] }).output();
  }
  return isPassed(result) ? 0 : 1;
}
