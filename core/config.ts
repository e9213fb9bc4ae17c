/**
 * Settings: what the environment says to the command line, and what `server/config.json` says to
 * whoever starts the daemon. Parsed once, here.
 *
 * @module
 */
import { UsageError } from "./errors.ts";
import { Secret } from "./secret.ts";

/** Where the daemon listens unless told otherwise. */
export const DEFAULT_HOST = "127.0.0.1";
/** Where the daemon listens unless told otherwise. */
export const DEFAULT_PORT = 7998;

/** What the environment says. */
export interface Settings {
  /** Absolute path of the home, without a trailing slash. */
  readonly home: string;
  /** Address a daemon of ours binds; always loopback. */
  readonly host: string;
  /** Port a daemon of ours binds; 0 lets the system choose, the choice is in `daemon.json`. */
  readonly port: number;
  /** A daemon that is not ours to start: `AUTHSOME_DAEMON_URL`. Without a trailing slash. */
  readonly daemonUrl: string | null;
  /** Base of links that people open in a browser: `AUTHSOME_SERVER_BASE_URL`. */
  readonly serverBaseUrl: string | null;
  /** Handle to act as: `AUTHSOME_IDENTITY`. */
  readonly identity: string | null;
  /** 32-byte private key in hex: `AUTHSOME_IDENTITY_PRIVATE_KEY`. */
  readonly identityPrivateKey: Secret | null;
  /** `AUTHSOME_MASTER_KEY`, or null. */
  readonly masterKey: Secret | null;
  /** `AUTHSOME_MASTER_KEY_FILE`, or null. */
  readonly masterKeyFile: string | null;
}

/** Reads one variable; undefined when it is not set. */
export type ReadVariable = (name: string) => string | undefined;

/**
 * Settings from the environment. An empty variable counts as not set.
 *
 * @throws {UsageError} for a value that cannot be used, naming the variable.
 */
export function readSettings(read: ReadVariable): Settings {
  const get = (name: string): string | null => {
    const value = read(name)?.trim();
    return value === undefined || value === "" ? null : value;
  };
  const home = get("AUTHSOME_HOME") ?? defaultHome(get);
  if (!home.startsWith("/") && !/^[A-Za-z]:[\\/]/.test(home)) {
    throw new UsageError(`Cannot use AUTHSOME_HOME: ${home} is not an absolute path`, {
      hint: "Give the whole path, or for the usual one run: unset AUTHSOME_HOME",
    });
  }
  const both = get("AUTHSOME_BASE_URL");
  const host = get("AUTHSOME_HOST") ?? DEFAULT_HOST;
  if (host !== "127.0.0.1") {
    throw new UsageError(`Cannot use AUTHSOME_HOST: the daemon binds 127.0.0.1 only, not ${host}`, {
      hint: "For another machine, forward the port: ssh -L 7998:127.0.0.1:7998 HOST",
    });
  }
  const privateKey = get("AUTHSOME_IDENTITY_PRIVATE_KEY");
  if (privateKey !== null && !/^[0-9a-fA-F]{64}$/.test(privateKey)) {
    throw new UsageError("Cannot use AUTHSOME_IDENTITY_PRIVATE_KEY: it is not 32 bytes in hex", {
      hint: "Give 64 hex digits, or for the profile of this home run: " +
        "unset AUTHSOME_IDENTITY_PRIVATE_KEY",
    });
  }
  const masterKey = get("AUTHSOME_MASTER_KEY");
  return {
    home: home.replace(/[\\/]+$/, ""),
    host,
    port: readPort(get("AUTHSOME_PORT")),
    daemonUrl: readDaemonUrl(get("AUTHSOME_DAEMON_URL") ?? both),
    serverBaseUrl: readUrl("AUTHSOME_SERVER_BASE_URL", get("AUTHSOME_SERVER_BASE_URL") ?? both),
    identity: get("AUTHSOME_IDENTITY"),
    identityPrivateKey: privateKey === null ? null : new Secret(privateKey.toLowerCase()),
    masterKey: masterKey === null ? null : new Secret(masterKey),
    masterKeyFile: get("AUTHSOME_MASTER_KEY_FILE"),
  };
}

function defaultHome(get: (name: string) => string | null): string {
  const home = get("HOME") ?? get("USERPROFILE");
  if (home === null) {
    throw new UsageError("Cannot find your home directory: neither HOME nor AUTHSOME_HOME is set", {
      hint: "Run: export AUTHSOME_HOME=/path/of/a/directory",
    });
  }
  return `${home.replace(/[\\/]+$/, "")}/.authsome`;
}

function readPort(text: string | null): number {
  if (text === null) return DEFAULT_PORT;
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65535) {
    throw new UsageError(`Cannot use AUTHSOME_PORT: ${text} is not a port`, {
      hint: `Give a number up to 65535, or for ${DEFAULT_PORT} run: unset AUTHSOME_PORT`,
    });
  }
  return port;
}

/** Credentials come back from there: in clear to this machine itself and nowhere else. */
function readDaemonUrl(text: string | null): string | null {
  const url = readUrl("AUTHSOME_DAEMON_URL", text);
  if (url === null || url.startsWith("https:")) return url;
  const { hostname } = new URL(url);
  if (hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname)) {
    return url;
  }
  throw new UsageError(
    `Cannot use AUTHSOME_DAEMON_URL: ${hostname} is another machine, and http would show it everything`,
    {
      hint: "Forward the daemon's port to 127.0.0.1 here, or use https; see docs/guides/docker.md",
    },
  );
}

function readUrl(name: string, text: string | null): string | null {
  if (text === null) return null;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== "" || url.hash !== "") {
    throw new UsageError(`Cannot use ${name}: ${text} is not an http or https URL`, {
      hint: `Give one such as http://127.0.0.1:${DEFAULT_PORT}, or run: unset ${name}`,
    });
  }
  if (url.username !== "" || url.password !== "") {
    throw new UsageError(`Cannot use ${name}: a URL with a user name or password is refused`, {
      hint: `Leave the part before @ away, or run: unset ${name}`,
    });
  }
  return text.replace(/\/+$/, "");
}

/** Where the master key comes from; `auto` tries environment, keyring, passphrase, key file. */
export type EncryptionMode = "auto" | "local_key" | "keyring" | "passphrase";

/** What `server/config.json` says. */
export interface ServerConfig {
  readonly version: 1;
  readonly encryption: { readonly mode: EncryptionMode };
  readonly egress: { readonly allow_private: boolean };
  /** Tokens are refreshed this many seconds before they expire. */
  readonly refresh_window_seconds: number;
}

/** What holds without a `server/config.json`. */
export const DEFAULT_SERVER_CONFIG: ServerConfig = {
  version: 1,
  encryption: { mode: "auto" },
  egress: { allow_private: false },
  refresh_window_seconds: 300,
};

/**
 * `server/config.json` as text (null when there is no file).
 *
 * @throws {UsageError} naming the field that is wrong; an unreadable file is never silently replaced.
 */
export function parseServerConfig(text: string | null): ServerConfig {
  if (text === null) return DEFAULT_SERVER_CONFIG;
  const fail = (problem: string) =>
    new UsageError(`Cannot read server/config.json: ${problem}`, {
      hint: "Correct the file, or move it away for the defaults; then run: authsome daemon restart",
    });
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw fail("it is not JSON");
  }
  if (typeof data !== "object" || data === null || Array.isArray(data)) {
    throw fail("it is not an object");
  }
  const { version = 1, encryption = {}, egress = {}, refresh_window_seconds = 300, ...rest } =
    data as Record<string, unknown>;
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined) throw fail(`${unknown} is not a setting`);
  if (version !== 1) throw fail(`version ${String(version)} is not 1`);
  const { mode = "auto" } = readSection(encryption, "encryption", ["mode"], fail);
  if (!["auto", "local_key", "keyring", "passphrase"].includes(mode as string)) {
    throw fail("encryption.mode is not auto, local_key, keyring or passphrase");
  }
  const { allow_private: allowPrivate = false } = readSection(
    egress,
    "egress",
    ["allow_private"],
    fail,
  );
  if (typeof allowPrivate !== "boolean") throw fail("egress.allow_private is not true or false");
  if (
    typeof refresh_window_seconds !== "number" || refresh_window_seconds < 0 ||
    refresh_window_seconds > 86_400
  ) {
    throw fail("refresh_window_seconds is not a number from 0 to 86400");
  }
  return {
    version: 1,
    encryption: { mode: mode as EncryptionMode },
    egress: { allow_private: allowPrivate },
    refresh_window_seconds,
  };
}

function readSection(
  value: unknown,
  name: string,
  settings: readonly string[],
  fail: (problem: string) => UsageError,
): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw fail(`${name} is not an object`);
  }
  const unknown = Object.keys(value).find((key) => !settings.includes(key));
  if (unknown !== undefined) throw fail(`${name}.${unknown} is not a setting`);
  return value as Readonly<Record<string, unknown>>;
}
