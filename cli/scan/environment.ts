/**
 * Variables of the working directory's `.env` files and of the environment.
 *
 * @module
 */
import { Secret } from "../../core/secret.ts";
import { readSmallFile } from "./small_file.ts";

/** A variable, with the place its value is from. */
export interface FoundVariable {
  readonly value: Secret;
  readonly source: string;
}

/** What was read. */
export interface ReadEnvironment {
  readonly variables: ReadonlyMap<string, FoundVariable>;
  /** Files that were read, in rising priority. */
  readonly files: readonly string[];
  /** One sentence for each file that could not be. */
  readonly problems: readonly string[];
}

/** Known names in rising priority; other `.env.*` files come right behind `.env.local`. */
const FIRST = [".env", ".env.local"];
const LAST = ["development", "test", "production", "prod"].flatMap(
  (stage) => [`.env.${stage}`, `.env.${stage}.local`],
);
/** Files that are there to be copied, encrypted, or left behind by an editor. */
const NO_VALUES =
  /(?:^|\.)(?:example|sample|template|tmpl|dist|defaults|schema|vault|keys|bak|old|orig|swp)$|~$/;
/** The runtime's parser takes the next line for the value of a name with nothing but spaces behind it. */
const SPACES_ALONE = /^([ \t]*(?:export[ \t]+)?[\w.-]+[ \t]*=)[ \t]+(?=\r?$)/gm;
/** No credential is longer; what is does not reach the daemon. */
const LONGEST_VALUE = 65_536;

/** Reads them; a later file wins over an earlier one, the environment over all. */
export async function readEnvironment(
  directory: string,
  environment: Readonly<Record<string, string>>,
): Promise<ReadEnvironment> {
  // Only here: the first line of a command must not wait for it.
  const { parseEnv } = await import("node:util");
  const variables = new Map<string, FoundVariable>();
  const files: string[] = [];
  const problems: string[] = [];
  const add = (values: Readonly<Record<string, string | undefined>>, source: string) => {
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined || !isCredible(value)) continue;
      variables.set(name, { value: new Secret(value), source });
    }
  };
  for (const name of await envFiles(directory)) {
    const file = await readSmallFile(`${directory}/${name}`);
    if ("problem" in file) problems.push(`${name} was left out: ${file.problem}`);
    if (!("text" in file)) continue;
    files.push(name);
    add(parseEnv(file.text.replace(SPACES_ALONE, "$1")), name);
  }
  add(environment, "environment");
  return { variables, files, problems };
}

/** The files' names, in rising priority. */
async function envFiles(directory: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name, isDirectory } of Deno.readDir(directory)) {
      if (/^\.env(?:\.|$)/.test(name) && !NO_VALUES.test(name) && !isDirectory) names.push(name);
    }
  } catch { /* a directory that cannot be listed has nothing to offer */ }
  const rank = (name: string) => {
    if (FIRST.includes(name)) return FIRST.indexOf(name);
    return LAST.includes(name) ? 100 + LAST.indexOf(name) : 50;
  };
  return names.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

/** An empty value is none; what `authsome run` puts there is worth nothing. */
function isCredible(value: string): boolean {
  return value.trim() !== "" && value.length <= LONGEST_VALUE && !isPlaceholder(value);
}

/** Every placeholder has our name in it, also the reference implementation's. */
export function isPlaceholder(value: string): boolean {
  return /authsome/i.test(value);
}
