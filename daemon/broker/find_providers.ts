/**
 * Searches the providers, with the connections of each.
 *
 * @module
 */
import type { ConnectionItem } from "../../core/api.ts";
import type { ProviderDefinition } from "../../core/provider.ts";
import type { Broker } from "./broker.ts";
import type { OwnerCaller } from "./caller.ts";
import { findAttention } from "./find_attention.ts";
import { listConnections } from "./list_connections.ts";

/** Which providers are wanted; all conditions must hold. */
export interface ProviderSearch {
  /** Words that name, hosts, accounts or connection names hold. */
  readonly words: string;
  readonly state: "all" | "connected" | "attention" | "custom";
  /** Empty for any. */
  readonly category: string;
}

/** A provider that fits. */
export interface FoundProvider {
  readonly definition: ProviderDefinition;
  readonly isCustom: boolean;
  readonly connections: readonly ConnectionItem[];
}

/** The providers that fit: connected ones first, then those that are called so, then by name. */
export async function findProviders(
  broker: Broker,
  owner: OwnerCaller,
  { words, state, category }: ProviderSearch,
): Promise<readonly FoundProvider[]> {
  const { catalogue } = broker;
  const list = await listConnections(broker, owner);
  const held = new Map(list.connections.map(({ name, connections }) => [name, connections]));
  const attention = new Set(findAttention(list, broker.now()).map(({ provider }) => provider));
  const wanted = words.toLowerCase().split(/\s+/).filter((word) => word !== "");
  return catalogue.all()
    .map((definition) => ({
      definition,
      isCustom: catalogue.sourceOf(definition.name) === "custom",
      connections: held.get(definition.name) ?? [],
    }))
    .filter((found) => category === "" || found.definition.category === category)
    .filter((found) => fitsState(found, state, attention))
    .filter((found) => wanted.length === 0 || holds(found, wanted))
    .map((found) => ({ found, rank: rankOf(found, wanted) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ found }) => found);
}

/** The smaller the further up. */
function rankOf({ definition, connections }: FoundProvider, words: readonly string[]): number {
  const isCalledSo = words.length > 0 && definition.name.startsWith(words[0]!);
  return (connections.length > 0 ? 0 : 2) + (isCalledSo ? 0 : 1);
}

/** The categories there are. */
export function listCategories({ catalogue }: Broker): readonly string[] {
  return [...new Set(catalogue.all().flatMap(({ category }) => category ?? []))].sort();
}

function fitsState(
  { definition, isCustom, connections }: FoundProvider,
  state: ProviderSearch["state"],
  attention: ReadonlySet<string>,
): boolean {
  switch (state) {
    case "all":
      return true;
    case "connected":
      return connections.length > 0;
    case "attention":
      return attention.has(definition.name);
    case "custom":
      return isCustom;
  }
}

function holds(
  { definition, connections }: FoundProvider,
  words: readonly string[],
): boolean {
  const text = [
    definition.name,
    definition.display_name,
    ...definition.hosts.map(({ url }) => url),
    ...connections.flatMap(({ connection_name, account }) => [
      connection_name,
      account.label ?? "",
    ]),
  ].join("\n").toLowerCase();
  return words.every((word) => text.includes(word));
}
