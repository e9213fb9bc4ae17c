/**
 * The programs that people's agents speak HTTP with, as they come from Debian, npm or PyPI: how to
 * find each one, and how to have it fetch an address. What they run lies in `clients/`.
 *
 * @module
 */
import { findProgram, pathWithDeno } from "./deno_on_path.ts";
import { endsWell } from "./ends_well.ts";

/** Where a program runs, and what it is to reach. */
export interface ClientCall {
  /** What {@linkcode ClientProgram.find} found. */
  readonly program: string;
  /** Holds copies of everything in `clients/`, and the installed npm packages. */
  readonly directory: string;
  /** Empty, of this call alone. */
  readonly scratch: string;
  readonly url: string;
}

/** One of them. */
export interface ClientProgram {
  /** The program here, or null when this machine does not have it. */
  readonly find: (directory: string) => Promise<string | null>;
  /** Run once in the directory before the first call. */
  readonly prepare?: readonly [string, ...string[]];
  /** Exits with 0 when the address answered with 200, and with anything else when not. */
  readonly command: (call: ClientCall) => readonly string[];
}

/** The search path for all of them. */
export const PATH: string = pathWithDeno(Deno.env.get("PATH") ?? "");

/** Where programs lie. */
const SOURCES = new URL("clients/", import.meta.url);

/** Copies the programs into `directory` and installs their npm packages; false when npm cannot. */
export async function installClients(directory: string): Promise<boolean> {
  for await (const { name } of Deno.readDir(SOURCES)) {
    await Deno.copyFile(new URL(name, SOURCES), `${directory}/${name}`);
  }
  if (findProgram("npm", PATH) === null) return false;
  const { success } = await new Deno.Command("npm", {
    args: ["ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"],
    cwd: directory,
    env: { PATH },
    stdout: "null",
    stderr: "null",
  }).output();
  return success;
}

/** Whether `program args` ends in success here. */
export async function works(program: string, ...args: string[]): Promise<boolean> {
  if (findProgram(program, PATH) === null && !program.startsWith("/")) return false;
  return await endsWell(program, args, { PATH });
}

/** The first Python that has `module`: the one on the path, then Debian's own. */
export async function findPython(module: string): Promise<string | null> {
  for (const python of [Deno.env.get("TEST_PYTHON"), "python3", "/usr/bin/python3"]) {
    if (python && await works(python, "-c", `import ${module}`)) return python;
  }
  return null;
}

async function hasPackage(directory: string, name: string): Promise<boolean> {
  return await Deno.stat(`${directory}/node_modules/${name}`).then(() => true, () => false);
}

const program = (name: string, ...probe: string[]) => async () =>
  await works(name, ...probe) ? name : null;

/** Node.js. `deno task` puts a stand-in for `node` on the path where there is none; it is Deno, not Node. */
export const findNode: ClientProgram["find"] = program(
  "node",
  "-e",
  "if (globalThis.Deno) process.exit(1)",
);

/** `node`, where the package `name` was installed too. */
export const findNodeWith = (name: string): ClientProgram["find"] => async (directory) =>
  await hasPackage(directory, name) ? await findNode(directory) : null;

/** Another program, where the package `name` was installed too. */
export const findProgramWith =
  (program: string, name: string): ClientProgram["find"] => async (directory) =>
    await hasPackage(directory, name) && await works(program, "--version") ? program : null;

/** The package of this machine's kind holds the program; no script needs to run for it. */
export async function findBun(directory: string): Promise<string | null> {
  const bun = `${directory}/node_modules/@oven/bun-${Deno.build.os}-${
    Deno.build.arch === "aarch64" ? "aarch64" : "x64"
  }/bin/bun`;
  return await works(bun, "--version") ? bun : null;
}

function python(module: string, file: string): ClientProgram {
  return {
    find: () => findPython(module),
    command: ({ program, directory, url }) => [program, `${directory}/${file}`, url],
  };
}

/** What takes a file of `clients/` and the address. */
function script(
  find: ClientProgram["find"],
  file: string,
  options: readonly string[] = [],
): ClientProgram {
  return {
    find,
    command: ({ program, directory, url }) => [program, ...options, `${directory}/${file}`, url],
  };
}

/** Compiled once: the compiler takes longer than the program. */
function java(name: string): ClientProgram {
  return {
    find: program("javac", "--version"),
    prepare: ["javac", "-d", ".", `${name}.java`],
    command: ({ directory, url }) => ["java", "-cp", directory, name, url],
  };
}

/** Name → program. */
export const CLIENT_PROGRAMS: Readonly<Record<string, ClientProgram>> = {
  "curl": {
    find: program("curl", "--version"),
    command: ({ program, url }) => [program, "-sSf", url],
  },
  "wget": {
    find: program("wget", "--version"),
    command: ({ program, url }) => [program, "-q", "-O", "-", url],
  },
  "Python urllib": python("ssl", "urllib_get.py"),
  "Python requests": python("requests", "requests_get.py"),
  "Python httpx": python("httpx", "httpx_get.py"),
  "Python aiohttp": python("aiohttp", "aiohttp_get.py"),
  "Node fetch": script(findNode, "fetch_get.mjs"),
  "Node https": script(findNode, "https_get.mjs"),
  "Node https with an agent of its own": script(findNode, "own_agent_get.mjs"),
  "Node axios": script(findNodeWith("axios"), "axios_get.mjs"),
  "Deno fetch": script(program("deno", "--version"), "deno_get.ts", [
    "run",
    "--quiet",
    "--no-config",
    "-A",
  ]),
  "Bun fetch": script(findBun, "fetch_get.mjs"),
  "Go net/http": {
    find: program("go", "version"),
    prepare: ["go", "build", "-o", "get", "get.go"],
    command: ({ directory, url }) => [`${directory}/get`, url],
  },
  "Ruby Net::HTTP": script(program("ruby", "--version"), "get.rb"),
  "PHP curl": script(
    program("php", "-r", "exit(function_exists('curl_init') ? 0 : 1);"),
    "curl_get.php",
  ),
  "Perl HTTP::Tiny": script(
    program("perl", "-MHTTP::Tiny", "-MIO::Socket::SSL", "-e", "1"),
    "tiny_get.pl",
  ),
  "Perl LWP": script(program("perl", "-MLWP::Protocol::https", "-e", "1"), "lwp_get.pl"),
  "Java HttpClient": java("HttpClientGet"),
  "Java HttpURLConnection": java("UrlConnectionGet"),
  "npm install": {
    find: program("npm", "--version"),
    command: ({ program, scratch, url }) => [
      program,
      "install",
      "--no-audit",
      "--no-fund",
      "--cache",
      `${scratch}/cache`,
      "--prefix",
      scratch,
      "--registry",
      `${url}/`,
      "acme-hello",
    ],
  },
  "pip install": {
    find: () => findPython("pip"),
    command: ({ program, scratch, url }) => [
      program,
      "-m",
      "pip",
      "install",
      "--quiet",
      "--no-cache-dir",
      "--disable-pip-version-check",
      "--index-url",
      `${url}/simple`,
      // pip refuses an index over plain http that it is not told to trust.
      ...(url.startsWith("http:") ? ["--trusted-host", new URL(url).host] : []),
      "--target",
      scratch,
      "acme-hello",
    ],
  },
};
