/**
 * Whether the vault is whole: its file, and every record in it opens.
 *
 * @module
 */
import { AuthsomeError } from "../../core/errors.ts";
import type { Broker, ProbeFinding, ProbeResult } from "./broker.ts";

/** More than this tell nothing new. */
const MOST_TOLD = 20;
/** Records opened before other requests get their turn. */
const AT_ONCE = 256;

const RESTORE = "authsome restore PATH    with your last backup";

/**
 * Opens every record as the store has it.
 *
 * @param damage What the store itself says is wrong with its file.
 */
export async function checkIntegrity(
  vault: Broker["vault"],
  damage: readonly string[] = [],
): Promise<ProbeResult> {
  const findings: ProbeFinding[] = damage.map((said) => ({
    severity: "broken",
    problem: `The vault's file is damaged: ${said}`,
    mend: RESTORE,
  }));
  const closed = await recordsThatStayClosed(vault);
  findings.push(
    ...closed.slice(0, MOST_TOLD).map((key): ProbeFinding => ({
      severity: "broken",
      problem: `The record ${key} does not open: it was changed, or sealed under another key`,
      mend: mendOf(key),
    })),
  );
  if (findings.length === 0) return "ok";
  const problem = damage.length > 0
    ? `The vault's file is damaged: ${damage[0]}`
    : `${closed.length} of the vault's records do not open, the first of them ${closed[0]}`;
  return { code: "broken", problem, findings };
}

async function recordsThatStayClosed(vault: Broker["vault"]): Promise<string[]> {
  const closed: string[] = [];
  const keys = await vault.keys("");
  for (const [i, key] of keys.entries()) {
    if (i % AT_ONCE === AT_ONCE - 1) await new Promise((resolve) => setTimeout(resolve, 0));
    try {
      await vault.get(key, { anew: true });
    } catch (error) {
      if (!(error instanceof AuthsomeError)) throw error;
      closed.push(key);
    }
  }
  return closed;
}

/** A login writes its connection anew; nothing else can be made again. */
function mendOf(key: string): string {
  const [, provider, connection] = /^vault:[^:]+:([^:]+):connection:([^:]+)$/.exec(key) ?? [];
  return provider === undefined
    ? RESTORE
    : `authsome login ${provider} --connection ${connection} --force`;
}
