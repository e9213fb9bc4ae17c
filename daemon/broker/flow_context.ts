/**
 * What a login flow, a refresh or a revocation is given of the broker's surroundings.
 *
 * @module
 */
import type { ProviderDefinition } from "../../core/provider.ts";
import type { FlowContext } from "../flows/flow.ts";
import type { Broker } from "./broker.ts";

/** The context of one step with this provider; it ends with the daemon, or with `signal`. */
export function flowContext(
  broker: Broker,
  { allow_private = false }: Pick<ProviderDefinition, "allow_private">,
  signal: AbortSignal = broker.stopping,
): FlowContext {
  const { fetch, now } = broker;
  return { fetch, now, signal, allowHosts: (hosts) => broker.allowHosts(hosts, allow_private) };
}
