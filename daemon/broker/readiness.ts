/**
 * Whether everything works that has to: each check tries the thing itself, and says in a sentence
 * what is wrong.
 *
 * @module
 */
import type { Finding, Readiness, ReadyCheck } from "../../core/api.ts";
import { AuthsomeError } from "../../core/errors.ts";
import { isName } from "../../core/provider.ts";
import { listIdentities } from "../records/identities.ts";
import type { Broker, Probe, ProbeFinding, ProbeResult } from "./broker.ts";
import type { OwnerCaller } from "./caller.ts";
import { connectionFindings } from "./connection_findings.ts";
import { checkIntegrity } from "./integrity.ts";

/** Without these nothing can be used; the others only limit. */
const VITAL: ReadonlySet<ReadyCheck> = new Set(["config", "schema", "vault", "integrity"]);
const MOST_NAMED = 20;

/** Runs every check. */
export async function readiness(broker: Broker, owner: OwnerCaller): Promise<Readiness> {
  const probes: Record<ReadyCheck, Probe> = {
    config: () => "ok",
    schema: () => "ok",
    vault: () => tryVault(broker),
    providers: () => checkProviders(broker),
    identity: () => checkIdentity(broker),
    connections: () => checkConnections(broker, owner),
    integrity: () => checkIntegrity(broker.vault),
    confinement: () => "ok",
    egress: () => "ok",
    ...broker.probes,
  };
  const checks = {} as Record<ReadyCheck, string>;
  const warnings: string[] = [];
  const issues: string[] = [];
  const findings: Finding[] = [];
  for (const [check, probe] of Object.entries(probes) as [ReadyCheck, Probe][]) {
    const result = await settle(check, probe);
    checks[check] = result === "ok" ? "ok" : result.code;
    if (result === "ok") continue;
    const found = findingsIn(check, result);
    findings.push(...found);
    if (result.code !== "ok") (VITAL.has(check) ? issues : warnings).push(result.problem);
    warnings.push(
      ...found.filter(({ severity }) => severity === "warning").map(({ problem }) => problem),
    );
  }
  const healthy = Object.values(checks).every((state) => state === "ok");
  return {
    status: issues.length > 0 ? "unhealthy" : healthy ? "ok" : "degraded",
    checks,
    warnings,
    issues,
    findings,
  };
}

async function settle(name: ReadyCheck, probe: Probe): Promise<ProbeResult> {
  try {
    return await probe();
  } catch (error) {
    if (!(error instanceof AuthsomeError)) {
      return {
        code: "failed",
        problem: `The check of ${name} failed`,
        mend: "authsome daemon logs",
      };
    }
    const { code, message, hint } = error;
    const mend = hint?.replace(/^Run: /, "");
    return { code, problem: message, ...(mend === undefined ? {} : { mend }) };
  }
}

function findingsIn(check: ReadyCheck, result: Exclude<ProbeResult, "ok">): readonly Finding[] {
  const { problem, mend = MENDS[check] } = result;
  const findings = result.findings ?? [{ severity: "broken", problem, mend }];
  return findings.map((finding) => ({ check, ...finding }));
}

/** What helps where the probe knows nothing better. */
const MENDS: Readonly<Record<ReadyCheck, string>> = {
  config: "authsome daemon restart    when server/config.json is mended",
  schema: "deno install -g -f -A jsr:@authsome/cli",
  vault: "authsome daemon restart",
  providers: "authsome list",
  identity: "authsome init",
  connections: "authsome list",
  integrity: "authsome restore PATH    with your last backup",
  confinement: "authsome daemon restart    and do not log in anywhere until this is ok",
  egress: "authsome daemon restart",
};

const PROBE_KEY = "server:probe";

/** Writes, reads and deletes a record. */
async function tryVault({ vault, now }: Broker): Promise<ProbeResult> {
  const value = now().toISOString();
  await vault.write([{ type: "put", key: PROBE_KEY, value }]);
  const back = await vault.get(PROBE_KEY);
  await vault.write([{ type: "delete", key: PROBE_KEY }]);
  if (back?.value === value) return "ok";
  return { code: "lost", problem: "The vault does not give back what was written to it" };
}

async function checkProviders({ home, catalogue, changes }: Broker): Promise<ProbeResult> {
  // The folder is watched, but what a person has just mended must show at once.
  if (await catalogue.reload()) changes.publish({ type: "providers" });
  const hidden = catalogue.all().map(({ name }) => name)
    .filter((name) => catalogue.isBundled(name) && catalogue.sourceOf(name) === "custom")
    .map((name): ProbeFinding => ({
      severity: "warning",
      problem: `The definition of ${name} is your own and hides the bundled one`,
      mend: `authsome remove ${name}    forgets yours, and its connections`,
    }));
  const files = catalogue.broken.map(({ file, problem }) => `${file}: ${problem}`);
  if (files.length === 0) {
    return hidden.length === 0 ? "ok" : { code: "ok", problem: "", findings: hidden };
  }
  const broken = catalogue.broken.map(({ file, problem }): ProbeFinding => ({
    severity: "broken",
    // What an error's message says in front of its colon is said here already.
    problem: `The provider file ${file} cannot be used: ${problem.replace(/^Cannot [^:]*: /, "")}`,
    mend: mendFile(home, file),
  }));
  return {
    code: "broken",
    problem: `Some provider files cannot be used: ${files.join("; ")}`,
    findings: [...broken, ...hidden],
  };
}

/** A file that no provider can be called after is none that a command would find. */
function mendFile(home: string, file: string): string {
  const name = file.replace(/\.json$/, "");
  if (isName(name)) return `authsome remove ${name}    or write it anew: authsome register PATH`;
  return `rm '${home}/server/providers/${file.replaceAll("'", "'\\''")}'`;
}

async function checkIdentity({ vault }: Broker): Promise<ProbeResult> {
  if ((await listIdentities(vault)).length > 0) return "ok";
  return { code: "none", problem: "No identity is registered" };
}

async function checkConnections(broker: Broker, owner: OwnerCaller): Promise<ProbeResult> {
  const findings = await connectionFindings(broker, owner);
  if (findings.length === 0) return "ok";
  const broken = findings.filter(({ severity }) => severity === "broken");
  if (broken.length === 0) return { code: "ok", problem: "", findings };
  const names = broken.map(({ problem }) => problem.split(" ")[0]);
  const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : "";
  return {
    code: "attention",
    problem: `Some connections need a new login: ${names.slice(0, MOST_NAMED).join(", ")}${more}`,
    findings,
  };
}
