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
  let told: Promise<void> = Promise.resolve();
  const add = (hosts: readonly AllowedHost[]): Promise<void> => {
    let isNews = false;
    for (const host of hosts) {
      const key = `${host.host}:${host.port}`;
      const known = discovered.get(key);
      // What the owner allowed for one provider is not taken away by another that names it, too.
      if (known !== undefined && (known.private || !host.private)) continue;
      discovered.set(key, host);
      isNews = true;
    }
    // Every refresh comes by here, and hardly one of them brings a host that is new.
    if (isNews) told = control.allow("discovered", [...discovered.values()]);
    return told;
  };
  /** The definitions that came by, each with the base URLs it came with. */
  const seen = new WeakMap<ProviderDefinition, Set<string | null>>();
  const allowProvider = (definition: ProviderDefinition, baseUrl: string | null): Promise<void> => {
    const bases = seen.get(definition) ?? new Set();
    if (!bases.has(baseUrl)) {
      // So many base URLs are not a person's: what is forgotten is only looked at again.
      if (bases.size >= 1000) bases.clear();
      seen.set(definition, bases.add(baseUrl));
      return add(egressHosts(definition, baseUrl));
    }
    return told;
  };
  return {
    allowHosts: (hosts, isPrivate) =>
      add(hosts.flatMap((host) => allowedHost(`https://${host}/`, isPrivate) ?? [])),
    allowProvider,
    allowDefinitions: (definitions) =>
      control.allow(
        "definitions",
        definitions.flatMap((definition) => egressHosts(definition, null)),
      ),
  };
}
