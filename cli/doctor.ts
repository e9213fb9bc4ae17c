/**
 * `authsome doctor`: what works, what does not, and what mends it.
 *
 * @module
 */
import { auditWholeHome } from "../client/home.ts";
import { loadSigner } from "../client/identity.ts";
import type { Readiness } from "../core/api.ts";
import { homePaths } from "../core/paths.ts";
import type { Command, CommandContext } from "./command.ts";
import { tellableError } from "./exit_code.ts";
import { plainText } from "./plain_text.ts";
import { formatFacts } from "./table.ts";
import type { Voice } from "./voice.ts";

const options = {} as const;

/** One thing looked at. */
interface Check {
  readonly name: string;
  /** `ok`, or what is wrong. */
  readonly state: string;
  readonly mend: string | null;
}

/** The command. */
export const doctor: Command<typeof options> = {
  name: "doctor",
  description:
    "Check the home, the profile, the daemon, its vault and its confinement, and say what mends " +
    "what is broken. Exits with 1 when something is.",
  positionals: [],
  options,
  examples: [{ line: "authsome doctor", says: "one line for each check" }],

  async run(_args, context) {
    const here = await checkHere(context);
    const ready = here.every(isSound) ? await askDaemon(context) : null;
    const checks = [...here, ...ready?.checks ?? []];
    const report = {
      status: checks.every(isSound) ? "ok" : ready?.status ?? "unhealthy",
      checks: Object.fromEntries(checks.map(({ name, state }) => [name, state])),
      mends: Object.fromEntries(
        checks.filter(({ mend }) => mend).map(({ name, mend }) => [name, mend]),
      ),
      warnings: ready?.warnings ?? [],
      issues: ready?.issues ?? here.filter((check) => !isSound(check)).map(({ state }) => state),
    };
    context.voice.result(report, () => describe(checks, report, context.voice));
    return report.status === "ok" ? 0 : 1;
  },
};

/** What can be seen without the daemon; nothing behind the first thing that is broken. */
async function checkHere({ settings, openClient }: CommandContext): Promise<Check[]> {
  const checks: Check[] = [];
  const steps: readonly (readonly [string, () => unknown])[] = [
    ["home", () => auditWholeHome(homePaths(settings.home))],
    ["profile", () => loadSigner(settings)],
    ["daemon", () => openClient()],
  ];
  for (const [name, step] of steps) {
    const check = await attempt(name, step);
    checks.push(check);
    if (!isSound(check)) break;
  }
  return checks;
}

async function attempt(name: string, step: () => unknown): Promise<Check> {
  try {
    await step();
    return { name, state: "ok", mend: null };
  } catch (thrown) {
    const { message, hint = null } = tellableError(thrown);
    return { name, state: message, mend: hint };
  }
}

async function askDaemon(
  { openClient }: CommandContext,
): Promise<{ checks: Check[] } & Pick<Readiness, "status" | "warnings" | "issues">> {
  try {
    const { checks, ...rest } = await (await openClient()).ready();
    return {
      ...rest,
      checks: Object.entries(checks).map(([name, state]) => ({
        name,
        state,
        mend: state === "ok" ? null : MENDS[name] ?? "authsome daemon logs",
      })),
    };
  } catch (thrown) {
    const { message, hint = null } = tellableError(thrown);
    const check = { name: "readiness", state: message, mend: hint };
    return { status: "unhealthy", checks: [check], warnings: [], issues: [message] };
  }
}

/** What helps when one of the daemon's checks fails. */
const MENDS: Readonly<Record<string, string>> = {
  config: "Mend server/config.json, then: authsome daemon restart",
  schema: "Update authsome: deno install -g -f -A jsr:@authsome/cli",
  vault: "authsome daemon restart    and look at: authsome daemon logs",
  providers: "authsome remove NAME    for the definition that is named below",
  identity: "authsome init",
  connections: "authsome login PROVIDER --force    for those that are named below",
  integrity: "Restore server/vault.db from a backup, then: authsome daemon restart",
  confinement: "authsome daemon restart    and do not log in anywhere until this is ok",
  egress: "authsome daemon restart",
};

function isSound({ state }: Check): boolean {
  return state === "ok";
}

function describe(
  checks: readonly Check[],
  { warnings, issues }: { warnings: readonly string[]; issues: readonly string[] },
  voice: Voice,
): string {
  const { paint } = voice;
  const told = new Set(checks.map(({ state }) => state));
  const lines = formatFacts(
    checks.map((check) => [
      check.name,
      isSound(check)
        ? { text: "ok", tone: "green" as const }
        : { text: `FAIL  ${check.state}`, tone: "red" as const },
    ]),
    paint,
  ).split("\n").flatMap((line, i) => {
    const mend = checks[i]?.mend ?? null;
    return mend === null
      ? [line]
      : [line, ...plainText(mend).split("\n").map((text) => `  → ${text}`)];
  });
  return [
    ...lines,
    ...issues.filter((issue) => !told.has(issue)).map((issue) =>
      paint("red", `issue: ${plainText(issue)}`)
    ),
    ...warnings.map((warning) => paint("yellow", `warning: ${plainText(warning)}`)),
  ].join("\n");
}
