/**
 * What a backup holds, in words.
 *
 * @module
 */
import type { BackupFacts, Replaced } from "../core/api.ts";
import { plainLine } from "./plain_text.ts";
import { plural } from "./plural.ts";

/** Facts of a backup by name, for `formatFacts`. */
export function describeBackup(facts: BackupFacts): readonly (readonly [string, string])[] {
  const { created_at, version, providers, connections, clients, definitions } = facts;
  const byProvider = Object.entries(providers)
    .map(([name, count]) => count === 1 ? name : `${name} (${count})`);
  return [
    ["made", `${created_at.slice(0, 19).replace("T", " ")} UTC, by authsome ${plainLine(version)}`],
    ["connections", `${connections}${list(byProvider)}`],
    ...clients.length === 0 ? [] : [["OAuth clients", clients.join(", ")] as const],
    ...definitions.length === 0 ? [] : [["definitions", definitions.join(", ")] as const],
  ];
}

/** `3 connections and 1 definition`. */
export function countBackup(counted: BackupFacts | Replaced): string {
  const [connections, clients, definitions] = countsOf(counted);
  const parts = [
    plural(connections, "connection"),
    ...clients === 0 ? [] : [plural(clients, "OAuth client")],
    ...definitions === 0 ? [] : [plural(definitions, "definition")],
  ];
  return parts.length === 1 ? parts[0]! : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
}

/** Whether there is nothing in it. */
export function isNothing(counted: BackupFacts | Replaced): boolean {
  return countsOf(counted).every((count) => count === 0);
}

function countsOf({ connections, clients, definitions }: BackupFacts | Replaced): Counts {
  const count = (kept: number | readonly string[]) => typeof kept === "number" ? kept : kept.length;
  return [connections, count(clients), count(definitions)];
}

type Counts = readonly [connections: number, clients: number, definitions: number];

const SHOWN = 20;

function list(names: readonly string[]): string {
  if (names.length === 0) return "";
  const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : "";
  return `: ${names.slice(0, SHOWN).map(plainLine).join(", ")}${more}`;
}
