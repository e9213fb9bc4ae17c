/**
 * What a login flow is given of the broker's surroundings.
 *
 * @module
 */
import type { FlowContext } from "../flows/flow.ts";
import type { Broker } from "./broker.ts";

/** The context of one step; it ends with the daemon, or with `signal`. */
export function flowContext(broker: Broker, signal: AbortSignal = broker.stopping): FlowContext {
  const { fetch, now, allowHosts } = broker;
  return { fetch, now, allowHosts, signal };
}
