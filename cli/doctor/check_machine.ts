/**
 * What `authsome doctor` looks at without the daemon: the home, the profile, what the environment
 * says of certificates and proxies, the clock.
 *
 * @module
 */
import { wholeHomeProblems } from "../../client/home.ts";
import { loadSigner } from "../../client/identity.ts";
import type { ReadVariable, Settings } from "../../core/config.ts";
import {
  type CorporateProxy,
  parseCorporateProxy,
  readProxyVariables,
} from "../../core/corporate_proxy.ts";
import { homePaths } from "../../core/paths.ts";
import { attempt, broken, type Check, type Problem, problemOf, sound, warned } from "./check.ts";

/** More is one mistake made many times: a copied home, say. */
const MOST_HOME_PROBLEMS = 20;

/** Modes, owners, symlinks: all at once, because each is mended by a command of its own. */
export function checkHome({ home }: Settings): Promise<Check> {
  return attempt("home", () => {
    const found = wholeHomeProblems(homePaths(home)).take(MOST_HOME_PROBLEMS).toArray();
    return found.length === 0 ? sound("home", home) : {
      name: "home",
      state: found[0]!.message,
      detail: null,
      problems: found.map((error) => problemOf(error)),
    };
  });
}

/** The key that signs. */
export function checkProfile(settings: Settings): Promise<Check> {
  return attempt("profile", async () => {
    const signer = await loadSigner(settings);
    return sound("profile", signer?.subject ?? "none yet; the first command makes one");
  });
}

/** Variables that name a file of certificates in place of the system's. */
const CERTIFICATE_FILES = [
  "SSL_CERT_FILE",
  "CURL_CA_BUNDLE",
  "REQUESTS_CA_BUNDLE",
  "GIT_SSL_CAINFO",
  "NODE_EXTRA_CA_CERTS",
  "DENO_CERT",
] as const;

/** The certificates that authsome, and the programs behind it, trust. */
export function checkTrust(read: ReadVariable): Promise<Check> {
  return attempt("trust", async () => {
    const problems: Problem[] = [];
    for (const name of CERTIFICATE_FILES) {
      const path = read(name) ?? "";
      if (path === "" || await holdsCertificate(path)) continue;
      problems.push({
        // Only this one is read by authsome itself; the others are the programs'.
        severity: name === "SSL_CERT_FILE" ? "broken" : "warning",
        problem: `${name} names ${path}, which is no readable file of certificates`,
        mend: `unset ${name}`,
      });
    }
    const state = problems.find(({ severity }) => severity === "broken")?.problem ?? "ok";
    return { name: "trust", state, detail: read("SSL_CERT_FILE") || null, problems };
  });
}

async function holdsCertificate(path: string): Promise<boolean> {
  try {
    // A pipe would be waited for.
    if (!(await Deno.stat(path)).isFile) return false;
    return (await Deno.readTextFile(path)).includes("-----BEGIN CERTIFICATE-----");
  } catch {
    return false;
  }
}

/** How long a proxy may take to be there, in milliseconds. */
const PROXY_PATIENCE_MS = 3_000;

/** The way out: direct, or through the proxy that the environment names. */
export function checkNetwork(read: ReadVariable): Promise<Check> {
  return attempt("network", async () => {
    if (read("AUTHSOME_PROXY_MODE") === "true") {
      return warned(
        "network",
        null,
        "This is inside of authsome run: its variables hide yours",
        "exit    and ask again outside of the run",
      );
    }
    const { https_proxy } = readProxyVariables(read);
    if (https_proxy === null) return sound("network", "no proxy");
    const proxy = parseCorporateProxy(https_proxy);
    const place = `${proxy.host}:${proxy.port}`;
    if (await answers(proxy)) return sound("network", `through the proxy ${place}`);
    return broken(
      "network",
      `Nothing answers at ${place}, the proxy that HTTPS_PROXY names`,
      "unset HTTPS_PROXY https_proxy    or correct it, then: authsome daemon restart",
    );
  });
}

async function answers({ host, port }: CorporateProxy): Promise<boolean> {
  const { connect } = await import("node:net");
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host, port, timeout: PROXY_PATIENCE_MS });
  socket.once("connect", () => resolve(true));
  for (const event of ["error", "timeout"]) socket.once(event, () => resolve(false));
  return await promise.finally(() => socket.destroy());
}

/** Nothing of authsome is older. */
const RELEASED = Date.UTC(2025, 0, 1);
/** How far into the future what is written already may lie. */
const TOLERANCE_MS = 60_000;

/**
 * The clock, against what it said before: tokens end by it, and certificates begin. `doctor --live`
 * compares it with the providers'.
 */
export function checkClock({ home }: Settings, now: Date): Promise<Check> {
  return attempt("clock", () => {
    const said = `${now.toISOString().slice(0, 16).replace("T", " ")} UTC`;
    if (now.getTime() < RELEASED) {
      return broken("clock", `The clock says ${said}, which has long been over`, SET_CLOCK);
    }
    const written = lastWritten(homePaths(home).server.auditLog);
    if (written !== null && written.getTime() > now.getTime() + TOLERANCE_MS) {
      const then = written.toISOString().slice(0, 16).replace("T", " ");
      const problem =
        `The clock says ${said}, and the audit log was written at ${then}: it went back`;
      return broken("clock", problem, SET_CLOCK);
    }
    return sound("clock");
  });
}

/** The command that sets the clock from the network. */
export const SET_CLOCK: string = Deno.build.os === "darwin"
  ? "sudo sntp -sS time.apple.com"
  : Deno.build.os === "windows"
  ? "w32tm /resync"
  : "sudo timedatectl set-ntp true";

function lastWritten(path: string): Date | null {
  try {
    return Deno.statSync(path).mtime;
  } catch {
    return null;
  }
}
