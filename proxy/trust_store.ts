/**
 * The files that make a child's programs trust the run's certificate authority, besides everything
 * they trusted before: a PEM bundle, the authority alone, and what wget, PHP, Java and Node.js want.
 * And curl's settings, so that it shows the servers' answers and not the proxy's.
 *
 * @module
 */
import type { CertificateAuthority } from "./certificate_authority.ts";
import { splitPem } from "./extra_roots.ts";
import { javaTrustStore } from "./java_trust_store.ts";
import { NODE_BOOTSTRAP, NODE_BOOTSTRAP_NAME } from "./node_bootstrap.ts";
import { distinctFiles, type PemFile, readPemFile } from "./pem_file.ts";
import type { RunDirectory } from "./run_directory.ts";
import { readSystemRoots } from "./system_roots.ts";

/** Paths for the child's environment. */
export interface TrustFiles {
  /** Everything trusted before, and the authority. */
  readonly bundle: string;
  /** The authority (with what `NODE_EXTRA_CA_CERTS` named before), for variables that add. */
  readonly authority: string;
  /** null where this machine has no Java. */
  readonly javaStore: string | null;
  readonly wgetrc: string;
  /** Directory with a `.curlrc`. */
  readonly curlHome: string;
  /** Directory with an ini file for PHP. */
  readonly phpDirectory: string;
  readonly nodeBootstrap: string;
  /**
   * Writes what only slow starters read, the Java store; called once the child runs, so that no
   * other child waits for it. A Java program is far from its first connection by then.
   */
  readonly writeLate: () => void;
}

/** Variables that replace what a program trusts; a user who set one has roots of their own there. */
const REPLACING = [
  "SSL_CERT_FILE",
  "CURL_CA_BUNDLE",
  "REQUESTS_CA_BUNDLE",
  "GIT_SSL_CAINFO",
  "PIP_CERT",
  "AWS_CA_BUNDLE",
  "npm_config_cafile",
  "CARGO_HTTP_CAINFO",
] as const;

const LINE_END = 0x0a;
const JAVA_STORE = "trust.jks";

/** Variables that add to what a program trusts. */
const ADDING = ["NODE_EXTRA_CA_CERTS", "DENO_CERT"] as const;

/** What the owner's programs trust. */
export interface OwnTrust {
  /** What variables that replace name, or the system's roots. */
  readonly trusted: readonly PemFile[];
  /** What variables that add name. */
  readonly added: readonly PemFile[];
  readonly wgetrc: string;
  /** Path of the owner's file. */
  readonly curlrc: string | null;
  readonly hasJava: boolean;
}

/** Reads it; nothing of it depends on the run. `read` reads the owner's environment. */
export async function readOwnTrust(
  read: (name: string) => string | undefined,
): Promise<OwnTrust> {
  const replacing = readDistinct(REPLACING.map(read));
  const trusted = replacing.length > 0 ? replacing : [await readSystemRoots()];
  const added = readDistinct(ADDING.map(read));
  const [wgetrc, curlrc] = [readWgetrc(read), findCurlrc(read)];
  return { trusted, added, wgetrc, curlrc, hasJava: hasJava(read) };
}

/** Writes the files into the run's directory. */
export function writeTrustFiles(
  { certificatePem }: CertificateAuthority,
  directory: RunDirectory,
  { trusted, added, wgetrc, curlrc, hasJava }: OwnTrust,
): TrustFiles {
  const bundle = `${directory.path}/bundle.pem`;
  const javaStore = hasJava ? `${directory.path}/${JAVA_STORE}` : null;
  directory.write("bundle.pem", ...linesOf(distinctFiles([...trusted, ...added])), certificatePem);
  // The public roots are not repeated here: such a variable adds to them.
  const authority = directory.write("authority.pem", ...linesOf(added), certificatePem);
  const wgetrcPath = directory.write("wgetrc", `${endLine(wgetrc)}ca_certificate=${bundle}\n`);
  // With -i and -I curl would show the proxy's "200 Connection Established" first.
  const ownCurlrc = curlrc === null ? "" : `config = ${JSON.stringify(curlrc)}\n`;
  directory.write(".curlrc", `${ownCurlrc}suppress-connect-headers\n`);
  const phpIni = directory.write(
    "php/authsome.ini",
    `curl.cainfo="${bundle}"\nopenssl.cafile="${bundle}"\n`,
  );
  const nodeBootstrap = directory.write(NODE_BOOTSTRAP_NAME, NODE_BOOTSTRAP);
  return {
    bundle,
    authority,
    javaStore,
    wgetrc: wgetrcPath,
    curlHome: directory.path,
    phpDirectory: phpIni.slice(0, phpIni.lastIndexOf("/")),
    nodeBootstrap,
    writeLate: () => {
      if (javaStore === null) return;
      // Read again, so that it is not held by a run that lasts for days.
      directory.write(JAVA_STORE, javaTrustStore(decodePem(Deno.readTextFileSync(bundle))));
    },
  };
}

/** Whether a child could start Java without being told where it is. */
function hasJava(read: (name: string) => string | undefined): boolean {
  if (read("JAVA_HOME") || read("JAVA_TOOL_OPTIONS")) return true;
  const separator = Deno.build.os === "windows" ? ";" : ":";
  const program = Deno.build.os === "windows" ? "java.exe" : "java";
  return (read("PATH") ?? "").split(separator).some((directory) => {
    try {
      return directory !== "" && Deno.statSync(`${directory}/${program}`).isFile;
    } catch {
      return false;
    }
  });
}

/** The files, each once. */
function readDistinct(paths: readonly (string | undefined)[]): PemFile[] {
  const distinct = new Set(paths.filter((path) => path !== undefined && path !== ""));
  return distinctFiles(
    [...distinct].map((path) => readPemFile(path!)).filter((file) => file !== null),
  );
}

/** `WGETRC` replaces `~/.wgetrc`, so its text goes along. */
function readWgetrc(read: (name: string) => string | undefined): string {
  try {
    return Deno.readTextFileSync(read("WGETRC") ?? `${read("HOME") ?? ""}/.wgetrc`);
  } catch {
    return "";
  }
}

/**
 * `CURL_HOME` replaces the places where curl looks for its settings, in this order. The owner's file
 * is named and not copied: it may hold passwords.
 */
function findCurlrc(read: (name: string) => string | undefined): string | null {
  const home = read("HOME");
  const places = [
    [read("CURL_HOME"), ".curlrc"],
    [read("XDG_CONFIG_HOME"), "curlrc"],
    [home, ".curlrc"],
    [home, ".config/curlrc"],
  ];
  for (const [directory, name] of places) {
    try {
      if (directory) return Deno.realPathSync(`${directory}/${name}`);
    } catch {
      // Not there: curl looks in the next one, too.
    }
  }
  return null;
}

function decodePem(text: string): Uint8Array[] {
  // White space between the digits is passed over.
  return splitPem(text).map((block) =>
    Uint8Array.fromBase64(block.replace(/-----[^-]+-----/g, ""))
  );
}

/** One behind the other; a last line without its end would swallow the next one's first. */
function linesOf(files: readonly PemFile[]): (Uint8Array | string)[] {
  return files.flatMap(({ bytes }) => bytes.at(-1) === LINE_END ? [bytes] : [bytes, "\n"]);
}

function endLine(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}
