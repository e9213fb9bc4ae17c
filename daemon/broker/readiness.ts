/**
 * Whether everything works that has to: each check tries the thing itself, and says in a sentence
 * what is wrong.
 *
 * @module
 */
import type { Readiness, ReadyCheck } from "../../core/api.ts";
import { AuthsomeError } from "../../core/errors.ts";
import { listProviderConnections } from "../records/connection_lists.ts";
import { listIdentities } from "../records/identities.ts";
import type { Broker, Probe, ProbeResult } from "./broker.ts";
import type { OwnerCaller } from "./caller.ts";

/** Without these nothing can be used; the others only limit. */
const VITAL: ReadonlySet<ReadyCheck> = new Set(["config", "schema", "vault", "integrity"]);

/** Runs every check. */
export async function readiness(broker: Broker, owner: OwnerCaller): Promise<Readiness> {
  const probes: Record<ReadyCheck, Probe> = {
    config: () => "ok",
    schema: () => "ok",
    vault: () => tryVault(broker),
    providers: () => checkProviders(broker),
    identity: () => checkIdentity(broker),
    connections: () => checkConnections(broker, owner),
    integrity: () => checkIntegrity(broker),
    confinement: () => "ok",
    egress: () => "ok",
    ...broker.probes,
  };
  const checks = {} as Record<ReadyCheck, string>;
  const warnings: string[] = [];
  const issues: string[] = [];
  for (const [name, probe] of Object.entries(probes) as [ReadyCheck, Probe][]) {
    const result = await settle(name, probe);
    checks[name] = result === "ok" ? "ok" : result.code;
    if (result !== "ok") (VITAL.has(name) ? issues : warnings).push(result.problem);
  }
  for (const name of overriddenNames(broker)) {
    warnings.push(`The definition of ${name} is your own and hides the bundled one`);
  }
  const healthy = Object.values(checks).every((state) => state === "ok");
  return {
    status: issues.length > 0 ? "unhealthy" : healthy ? "ok" : "degraded",
    checks,
    warnings,
    issues,
  };
}

async function settle(name: ReadyCheck, probe: Probe): Promise<ProbeResult> {
  try {
    return await probe();
  } catch (error) {
    const known = error instanceof AuthsomeError;
    return {
      code: known ? error.code : "failed",
      problem: known ? error.message : `The check of ${name} failed; see: authsome daemon logs`,
    };
  }
}

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

/** Opens every record of the identities and of the index: a seal that is broken shows here. */
async function checkIntegrity({ vault }: Broker): Promise<ProbeResult> {
  await vault.list("server:");
  return "ok";
}

function checkProviders({ catalogue }: Broker): ProbeResult {
  if (catalogue.broken.length === 0) return "ok";
  const files = catalogue.broken.map(({ file, problem }) => `${file}: ${problem}`);
  return { code: "broken", problem: `Some provider files cannot be used: ${files.join("; ")}` };
}

async function checkIdentity({ vault }: Broker): Promise<ProbeResult> {
  if ((await listIdentities(vault)).length > 0) return "ok";
  return { code: "none", problem: "No identity is registered. Run: authsome init" };
}

async function checkConnections(broker: Broker, owner: OwnerCaller): Promise<ProbeResult> {
  const now = broker.now();
  const unusable: string[] = [];
  for (
    const { provider, connections } of await listProviderConnections(
      broker.vault,
      owner.vault_id,
    )
  ) {
    for (const { connection_name, status, expires_at, flow } of connections) {
      const over = expires_at !== null && expires_at <= now && flow === "api_key";
      if (status !== "connected" || over) unusable.push(`${provider}/${connection_name}`);
      if (broker.catalogue.find(provider) === null) {
        unusable.push(`${provider}/${connection_name} (its provider has no definition)`);
      }
    }
  }
  if (unusable.length === 0) return "ok";
  return {
    code: "attention",
    problem: `Some connections need a new login: ${unusable.slice(0, 20).join(", ")}`,
  };
}

function overriddenNames({ catalogue }: Broker): string[] {
  return catalogue.all().map(({ name }) => name)
    .filter((name) => catalogue.isBundled(name) && catalogue.sourceOf(name) === "custom");
}
