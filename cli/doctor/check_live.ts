/**
 * `authsome doctor --live`: every connection tried at its provider, by the daemon.
 *
 * @module
 */
import type { DaemonClient } from "../../client/daemon_client.ts";
import type { CheckedConnection } from "../../core/api.ts";
import { type ConnectionRef, showRef } from "../../core/connection.ts";
import { tellableError } from "../exit_code.ts";
import { broken, type Check, type Problem, sound } from "./check.ts";
import { SET_CLOCK } from "./check_machine.ts";

/** Providers asked at the same time. */
const AT_ONCE = 4;
/** Beyond this, tokens are taken for good that have ended, or the other way round. */
const CLOCK_TOLERANCE_SECONDS = 60;

/** What came of all of them, in the order of the list. `tell` is told what is being asked. */
export async function checkLive(
  client: DaemonClient,
  tell: (text: string) => void,
): Promise<readonly CheckedConnection[]> {
  const { connections } = await client.listConnections();
  const refs = connections.flatMap(({ name, connections }) =>
    connections.map(({ connection_name }) => ({ provider: name, connection: connection_name }))
  );
  const results: CheckedConnection[] = [];
  let next = 0;
  const work = async () => {
    for (let i = next++; i < refs.length; i = next++) {
      tell(`Asking ${showRef(refs[i]!)} (${i + 1} of ${refs.length})`);
      results[i] = await checkOne(client, refs[i]!);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return results;
}

/** The checks that `--live` adds: what the providers said, and the clock against theirs. */
export function liveChecks(results: readonly CheckedConnection[]): readonly Check[] {
  const problems = results.flatMap((result): Problem[] =>
    result.outcome === "refused" || result.outcome === "unreachable"
      ? [{
        severity: "broken",
        problem: `${showRef(result)}${placeOf(result)}: ${result.problem}`,
        mend: result.mend ?? "authsome doctor --live    again in a while",
      }]
      : []
  );
  const works = results.filter(({ outcome }) => outcome === "works").length;
  const live: Check = problems.length === 0
    ? sound("live", results.length === 0 ? "no login yet" : `${works} of ${results.length} work`)
    : { name: "live", state: `${problems.length} do not work`, detail: null, problems };
  return [live, ...clockCheck(results)];
}

/** "Its name does not resolve" wants to know whose. */
function placeOf({ host }: CheckedConnection): string {
  return host === null ? "" : ` at ${host}`;
}

/** One provider may be wrong; the one nearest to us is believed. */
function clockCheck(results: readonly CheckedConnection[]): readonly Check[] {
  const ahead = results.map(({ clock_ahead_seconds }) => clock_ahead_seconds)
    .filter((seconds) => seconds !== null)
    .sort((a, b) => Math.abs(a) - Math.abs(b))[0];
  if (ahead === undefined) return [];
  if (Math.abs(ahead) <= CLOCK_TOLERANCE_SECONDS) return [sound("clock_online")];
  const way = ahead > 0 ? "ahead of" : "behind";
  const problem = `This machine's clock is ${Math.abs(ahead)} seconds ${way} the providers'`;
  return [broken("clock_online", problem, SET_CLOCK)];
}

async function checkOne(client: DaemonClient, ref: ConnectionRef): Promise<CheckedConnection> {
  try {
    return await client.checkConnection(ref);
  } catch (thrown) {
    const { message, hint = null } = tellableError(thrown);
    return {
      ...ref,
      outcome: "unreachable",
      host: null,
      http_status: null,
      problem: message,
      mend: hint?.replace(/^Run: /, "") ?? null,
      clock_ahead_seconds: null,
    };
  }
}
