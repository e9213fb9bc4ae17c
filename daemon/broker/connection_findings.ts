/**
 * What is wrong with connections, or soon will be: each with the command that mends it. Nobody is
 * asked; `check_connection.ts` asks the provider.
 *
 * @module
 */
import {
  type ConnectionRef,
  type ConnectionStatus,
  type ConnectionSummary,
  showRef,
} from "../../core/connection.ts";
import { readConnectionState } from "../records/connection_state.ts";
import { listProviderConnections } from "../records/connection_lists.ts";
import { readConnection } from "../records/connections.ts";
import type { Broker, ProbeFinding } from "./broker.ts";
import type { OwnerCaller } from "./caller.ts";
import { SOON_MS } from "./find_attention.ts";
import { loginAgain } from "./login_again.ts";
import { narrowList } from "./narrow_list.ts";

/** Every finding, in the order of the list; another machine's about what it was let in for. */
export async function connectionFindings(
  broker: Broker,
  owner: OwnerCaller,
): Promise<readonly ProbeFinding[]> {
  const findings: ProbeFinding[] = [];
  const only = owner.runner?.only ?? null;
  const listed = await listProviderConnections(broker.vault, owner.vault_id);
  const looked = only === null ? listed : narrowList(listed, only);
  for (const { provider, connections } of looked) {
    for (const item of connections) {
      const ref = { provider, connection: item.connection_name };
      findings.push(...await findingsOf(broker, owner, ref, item));
    }
  }
  return findings;
}

async function findingsOf(
  broker: Broker,
  { vault_id }: OwnerCaller,
  ref: ConnectionRef,
  item: ConnectionSummary,
): Promise<readonly ProbeFinding[]> {
  const { vault, catalogue } = broker;
  const now = broker.now();
  if (catalogue.find(ref.provider) === null) {
    return [broken(`${showRef(ref)} cannot be used: its provider has no definition`, {
      mend: `authsome logout ${ref.provider} --connection ${ref.connection}`,
    })];
  }
  const mend = loginAgain(ref);
  if (item.auth_type === "api_key") {
    const ends = item.expires_at;
    if (item.status !== "connected" || (ends !== null && ends <= now)) {
      return [
        broken(`${showRef(ref)} needs a new login: ${ended(item, now)}`, { mend }),
      ];
    }
    if (ends === null || ends.getTime() - now.getTime() >= SOON_MS) return [];
    const problem = `The key of ${showRef(ref)} ends on ${day(ends)}`;
    return [{ severity: "warning", problem, mend }];
  }
  const { last_refresh_error, last_failure_at } = await readConnectionState(vault, vault_id, ref);
  const failure = last_refresh_error === null || last_failure_at === null
    ? null
    : { error: last_refresh_error, when: moment(last_failure_at) };
  if (item.status !== "connected") {
    const said = failure === null ? "" : ` (${failure.error}, ${failure.when})`;
    return [broken(`${showRef(ref)} needs a new login: ${ENDED[item.status]}${said}`, { mend })];
  }
  if (
    item.expires_at !== null && item.expires_at <= now && await isAtItsEnd(broker, vault_id, ref)
  ) {
    const when = moment(item.expires_at);
    return [broken(
      `${showRef(ref)} needs a new login: its token ended on ${when} and cannot be refreshed`,
      { mend },
    )];
  }
  if (failure === null) return [];
  const problem = `The last refresh of ${showRef(ref)} failed: ${failure.error} (${failure.when})`;
  return [{ severity: "warning", problem, mend: "authsome doctor --live    tries it again" }];
}

/** Whether there is nothing to get another token with. */
async function isAtItsEnd(broker: Broker, vaultId: string, ref: ConnectionRef): Promise<boolean> {
  const connection = await readConnection(broker.vault, vaultId, ref);
  if (connection === null || connection.flow === "client_credentials") return false;
  const { oauth } = broker.catalogue.get(ref.provider);
  return connection.secrets["refresh_token"] === undefined && oauth?.refresh_params === undefined;
}

/** Why a connection cannot be used, in the words of {@linkcode needsLogin}. */
const ENDED: Readonly<Record<Exclude<ConnectionStatus, "connected">, string>> = {
  expired: "it has expired",
  revoked: "it was revoked",
  invalid: "the provider does not accept it",
  needs_reauth: "the provider does not accept its refresh token any more",
};

function ended({ status, expires_at }: ConnectionSummary, now: Date): string {
  const isOver = status === "connected" || (expires_at !== null && expires_at <= now);
  return isOver ? `its key is over since ${moment(expires_at!)}` : ENDED[status];
}

function broken(problem: string, { mend }: { readonly mend: string }): ProbeFinding {
  return { severity: "broken", problem, mend };
}

/** `2026-03-01 12:00 UTC`. */
function moment(time: Date): string {
  return `${time.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

function day(time: Date): string {
  return time.toISOString().slice(0, 10);
}
