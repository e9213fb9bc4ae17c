/**
 * A child of `run` that looks for the key everywhere it can reach, after using it once, and prints
 * where it found it. Takes the base64 of the key as argument, so that the argument is no hit itself.
 *
 * @module
 */

/** What one file of /proc may hold before it is left alone. */
const MAX_BYTES = 4 * 1024 * 1024;

if (import.meta.main) await snoop(atob(Deno.args[0]!), Deno.args.slice(1));

async function snoop(key: string, folders: readonly string[]): Promise<void> {
  const response = await fetch(`${Deno.env.get("ACME_API_URL")}/v1/notes`, {
    headers: { authorization: `Bearer ${Deno.env.get("ACME_API_KEY")}` },
  });
  write(`used ${response.status}`);
  const seen = [...response.headers].flat().join("\n") + await response.text();
  if (seen.includes(key)) write("found in the answer");

  if (JSON.stringify(Deno.env.toObject()).includes(key)) write("found in the environment");
  let looked = 0;
  for (const path of [...processFiles(), ...folders.flatMap((folder) => [...filesBelow(folder)])]) {
    const text = readText(path);
    if (text === null) continue;
    looked++;
    if (text.includes(key)) write(`found in ${path}`);
  }
  write(`looked into ${looked} files`);
}

/** Arguments and environments of every process of this user. */
function* processFiles(): Generator<string> {
  if (Deno.build.os !== "linux") return;
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    yield `/proc/${name}/cmdline`;
    yield `/proc/${name}/environ`;
  }
}

function* filesBelow(folder: string): Generator<string> {
  let entries: Deno.DirEntry[];
  try {
    entries = [...Deno.readDirSync(folder)];
  } catch {
    return;
  }
  for (const { name, isDirectory, isFile } of entries) {
    if (isDirectory) yield* filesBelow(`${folder}/${name}`);
    else if (isFile) yield `${folder}/${name}`;
  }
}

function readText(path: string): string | null {
  try {
    const bytes = Deno.readFileSync(path);
    return bytes.length > MAX_BYTES ? null : new TextDecoder("latin1").decode(bytes);
  } catch {
    return null;
  }
}

function write(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
