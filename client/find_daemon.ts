/**
 * Finding this home's daemon: its state file, then a challenge on its port.
 *
 * @module
 */
import type { Health } from "../core/api.ts";
import type { DaemonState } from "../core/boot.ts";
import type { HomePaths } from "../core/paths.ts";
import { VERSION } from "../core/version.ts";
import { readDaemonState } from "./daemon_state.ts";
import { challengeOver, greetDaemon, type HealthResult } from "./health_challenge.ts";
import { openLoopbackHttp } from "./loopback_http.ts";
import type { Transport } from "./transport.ts";

/** What was found. */
export type FoundDaemon =
  /** It proved itself, has our version and reaches its relay. */
  | { readonly type: "usable"; readonly state: DaemonState; readonly health: Health }
  /** It proved itself, and must be started anew: `reason` says why, for a person. */
  | {
    readonly type: "unfit";
    readonly state: DaemonState;
    readonly health: Health;
    readonly reason: string;
  }
  /** It was seen at this state and is not there now; `stranger`: somebody else is. */
  | { readonly type: "gone"; readonly state: DaemonState; readonly stranger: boolean }
  | { readonly type: "none" };

/** What is done with the connection to a usable daemon; left out: it is closed. */
export type KeepConnection = (connection: Transport) => void;

/** Looks for the daemon; costs one file and one request. */
export async function findDaemon(
  paths: HomePaths,
  keepConnection?: KeepConnection,
): Promise<FoundDaemon> {
  const state = readDaemonState(paths);
  if (state === null) return { type: "none" };
  const connection = openLoopbackHttp(state.host, state.port);
  const found = judge(state, await challengeOver(connection, state));
  if (found.type === "usable" && keepConnection !== undefined) {
    connection.greetWith((send, signal) => greetDaemon(paths, state.port, send, signal));
    keepConnection(connection);
  } else {
    connection.close();
  }
  return found;
}

function judge(state: DaemonState, result: HealthResult): FoundDaemon {
  if (result.type !== "ours") {
    return { type: "gone", state, stranger: result.type === "stranger" };
  }
  const { health } = result;
  if (state.version !== VERSION || health.version !== VERSION) {
    const reason = `it is version ${health.version}, this is ${VERSION}`;
    return { type: "unfit", state, health, reason };
  }
  if (health.egress === "down") {
    return { type: "unfit", state, health, reason: "its egress relay has ended" };
  }
  return { type: "usable", state, health };
}
