/**
 * The plain forms of tools' files, as far as the tools themselves write them: no YAML anchors, no
 * TOML tables in tables. What does not fit is passed over.
 *
 * @module
 */

/** Scalars of indented `key: value` lines; a nested key is its path joined with line breaks. */
export function readIndented(text: string): Readonly<Record<string, string>> {
  const values: Record<string, string> = Object.create(null);
  const open: { readonly indent: number; readonly key: string }[] = [];
  for (const line of text.split(/\r?\n/)) {
    const match = /^( *)(?:"([^"]+)"|([^\s#:"'-][^\s:]*)):(?:\s+(.*))?$/.exec(line);
    if (match === null) continue;
    const [, spaces = "", quoted, plain, rest = ""] = match;
    while ((open.at(-1)?.indent ?? -1) >= spaces.length) open.pop();
    const key = (quoted ?? plain)!;
    const value = unquote(rest);
    if (value === "") open.push({ indent: spaces.length, key });
    else values[[...open.map((parent) => parent.key), key].join("\n")] = value;
  }
  return values;
}

/** `name = value` lines by their `[section]`; those in front of the first one are under `""`. */
export function readSections(
  text: string,
): Readonly<Record<string, Readonly<Record<string, string>>>> {
  const sections: Record<string, Record<string, string>> = Object.create(null);
  let section = "";
  for (const line of text.split(/\r?\n/)) {
    const head = /^\s*\[([^\]]+)\]\s*$/.exec(line);
    if (head !== null) {
      section = unquote(head[1]!);
      continue;
    }
    const pair = /^\s*([\w.-]+)\s*=\s*(.*)$/.exec(line);
    if (pair !== null) (sections[section] ??= Object.create(null))[pair[1]!] = unquote(pair[2]!);
  }
  return sections;
}

/** A machine of a `.netrc` file. */
export interface NetrcEntry {
  readonly machine: string;
  readonly login: string | undefined;
  readonly password: string | undefined;
}

/** The machines of a `.netrc` file; its `default` and its macros are for nobody in particular. */
export function readNetrc(text: string): readonly NetrcEntry[] {
  const entries: { machine: string; login?: string; password?: string }[] = [];
  let current: typeof entries[number] | null = null;
  const words = text.replace(/^macdef .*(?:\n.+)*/gm, "").replace(/(^|\s)#.*$/gm, "$1")
    .match(/"(?:\\.|[^"\\])*"|\S+/g) ?? [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === "default") current = null;
    if (word === "machine") {
      current = { machine: unquote(words[++i] ?? "").toLowerCase() };
      entries.push(current);
    } else if (word === "login" || word === "password" || word === "account") {
      const value = unquote(words[++i] ?? "");
      if (current !== null && word !== "account") current[word] = value;
    }
  }
  return entries.map(({ machine, login, password }) => ({ machine, login, password }));
}

/** The value without its quotes, or without the comment behind it. */
function unquote(text: string): string {
  const trimmed = text.trim();
  const quoted = /^"((?:\\.|[^"\\])*)"/.exec(trimmed);
  if (quoted !== null) return quoted[1]!.replace(/\\(.)/g, "$1");
  const single = /^'([^']*)'/.exec(trimmed);
  return single !== null ? single[1]! : trimmed.replace(/(?:^|\s)#.*$/, "").trim();
}
