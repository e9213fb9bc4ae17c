/**
 * Keeps the relay's list of allowed hosts as the definitions and logins are: what no definition, no
 * connection and no login under way names cannot be reached.
 *
 * @module
 */
import type { ProviderDefinition } from "../core/provider.ts";
import type { Broker } from "./broker/broker.ts";
import type { EgressControl } from "./egress_control.ts";
import { allowedHost, egressHosts } from "./egress_hosts.ts";
import type { AllowedHost } from "./relay_protocol.ts";

/** Tells the relay. */
export interface EgressPolicy {
  /** Hosts that discovery found; for as long as the daemon runs. */
  readonly allowHosts: Broker["allowHosts"];
  /** The hosts of a provider with a base URL of its own; for as long as the daemon runs. */
  readonly allowProvider: Broker["allowProvider"];
  /** The hosts of all definitions, in place of what they were before. */
  readonly allowDefinitions: (definitions: readonly ProviderDefinition[]) => Promise<void>;
}

/** The policy over a control connection. */
export function egressPolicy(control: EgressControl): EgressPolicy {
  const discovered = new Map<string, AllowedHost>();
  const add = async (hosts: readonly AllowedHost[]): Promise<void> => {
    for (const host of hosts) {
      const key = `${host.host}:${host.port}`;
      // What the owner allowed for one provider is not taken away by another that names it, too.
      const isPrivate = host.private || discovered.get(key)?.private === true;
      discovered.set(key, { ...host, private: isPrivate });
    }
    await control.allow("discovered", [...discovered.values()]);
  };
  return {
    allowHosts: (hosts, isPrivate) =>
      add(hosts.flatMap((host) => allowedHost(`https://${host}/`, isPrivate) ?? [])),
    allowProvider: (definition, baseUrl) => add(egressHosts(definition, baseUrl)),
    allowDefinitions: (definitions) =>
      control.allow(
        "definitions",
        definitions.flatMap((definition) => egressHosts(definition, null)),
      ),
  };
}
