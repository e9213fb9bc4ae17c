/**
 * `authsome doctor`: what works, what does not, and what mends it.
 *
 * @module
 */
import type { CheckedConnection } from "../core/api.ts";
import type { Command, CommandContext } from "./command.ts";
import { type Check, isSound } from "./doctor/check.ts";
import { checkDaemon } from "./doctor/check_daemon.ts";
import {
  checkClock,
  checkHome,
  checkNetwork,
  checkProfile,
  checkTrust,
} from "./doctor/check_machine.ts";
import { describeReport, type Report } from "./doctor/describe_checks.ts";
import { orAborted, untilInterrupted } from "./interrupt.ts";
import { showProgress } from "./progress.ts";
import { silenceTerminal } from "./prompt.ts";

const options = {
  live: { summary: "Ask each provider whether its login works, by a harmless call" },
  run: { summary: "Try the programs of this machine behind the proxy; needs no network" },
} as const;

/** The command. */
export const doctor: Command<typeof options> = {
  name: "doctor",
  description:
    "Check the home, the profile, the daemon, its vault and its confinement, the logins, and say " +
    "what mends what is broken. Exits with 1 when something is.",
  positionals: [],
  options,
  examples: [
    { line: "authsome doctor", says: "one line for each check" },
    { line: "authsome doctor --live", says: "are the logins still good?" },
    { line: "authsome doctor --run", says: "does curl, git, Python … work behind the proxy?" },
  ],

  async run({ options }, context) {
    let doing = "Looking at this machine";
    const report = await untilInterrupted(async (signal) => {
      // Keys that are typed meanwhile would stand in the middle of the live line. A pager behind us
      // has the terminal to itself.
      const { isRead, quiet } = context.voice;
      using _silence = isRead && !quiet ? silenceTerminal() : null;
      using _progress = showProgress(context.voice, () => doing);
      const tell = (text: string) => doing = text;
      const examined = await orAborted(examine(options, context, tell), signal);
      return options.run ? await addRuntimes(examined, tell, signal) : examined;
    });
    const status = statusOf(report);
    context.voice.result({ status, ...wire(report) }, () => describeReport(report, context.voice));
    return status === "ok" ? 0 : 1;
  },
};

interface FullReport extends Report {
  readonly isUnhealthy: boolean;
}

async function examine(
  { live }: { readonly live: boolean },
  { settings, openClient }: CommandContext,
  tell: (text: string) => void,
): Promise<FullReport> {
  const read = (name: string) => Deno.env.get(name);
  const checks: Check[] = [await checkHome(settings)];
  const isHomeSound = isSound(checks[0]!);
  // Nothing in a home is read while others could reach into it.
  if (isHomeSound) checks.push(await checkProfile(settings));
  checks.push(await checkTrust(read), await checkNetwork(read));
  checks.push(await checkClock(settings, new Date()));
  let asked: readonly CheckedConnection[] | null = null;
  let isUnhealthy = !checks.every(isSound);
  if (isHomeSound && isSound(checks[1]!)) {
    tell("Asking the daemon");
    const daemon = await checkDaemon(settings, openClient);
    checks.push(...daemon.checks);
    // On a fresh home the profile was made just now.
    checks[1] = await checkProfile(settings);
    isUnhealthy ||= daemon.readiness === null || daemon.readiness.status === "unhealthy";
    if (live && daemon.client !== null) {
      const { checkLive, liveChecks } = await import("./doctor/check_live.ts");
      asked = await checkLive(daemon.client, tell);
      checks.push(...liveChecks(asked));
    }
  }
  return { checks, live: asked, runtimes: null, isUnhealthy };
}

/** What it starts it ends by itself when the person presses Ctrl-C. */
async function addRuntimes(
  report: FullReport,
  tell: (text: string) => void,
  signal: AbortSignal,
): Promise<FullReport> {
  const { tryRuntimes, runtimesCheck } = await import("./doctor/try_runtimes.ts");
  const runtimes = await tryRuntimes({ environment: Deno.env.toObject(), tell, signal });
  return { ...report, checks: [...report.checks, runtimesCheck(runtimes)], runtimes };
}

function statusOf({ checks, isUnhealthy }: FullReport): "ok" | "degraded" | "unhealthy" {
  if (checks.every(isSound)) return "ok";
  return isUnhealthy ? "unhealthy" : "degraded";
}

/** For `--json`. */
function wire({ checks, live, runtimes }: FullReport) {
  const problems = checks.flatMap(({ name, problems }) =>
    problems.map((problem) => ({ check: name, ...problem }))
  );
  const texts = (wanted: "broken" | "warning") =>
    problems.filter(({ severity }) => severity === wanted).map(({ problem }) => problem);
  return {
    checks: Object.fromEntries(checks.map(({ name, state }) => [name, state])),
    mends: Object.fromEntries(problems.map(({ check, mend }) => [check, mend]).toReversed()),
    warnings: texts("warning"),
    issues: texts("broken"),
    findings: problems,
    live,
    runtimes,
  };
}
