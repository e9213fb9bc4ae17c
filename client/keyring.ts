/**
 * The operating system's keyring, by its own command: `secret-tool` on Linux, `security` on macOS. A
 * secret goes over standard input or output, never into an argument, which `ps` would show.
 *
 * A native binding would need ffi, which voids every other permission; the commands take 15 ms.
 *
 * @module
 */
import { Secret } from "../core/secret.ts";

/** An unlock dialog may wait for a person. */
const TIMEOUT_MS = 60_000;

const SERVICE = "authsome";

/** A keyring, or nothing where there is none. */
export interface Keyring {
  /** The secret kept for this home; null when there is none or the keyring does not answer. */
  lookUp(home: string): Promise<Secret | null>;
  /** Keeps a secret for this home; false when the keyring did not take it. */
  store(home: string, secret: Secret): Promise<boolean>;
}

/** Runs a command of the keyring: exit code and what it printed; null when it cannot be run. */
export type RunKeyringCommand = (
  program: string,
  args: readonly string[],
  input: string,
) => Promise<{ readonly code: number; readonly output: string } | null>;

/** The keyring of this system; null where none is spoken to (Windows). */
export function systemKeyring(
  os: typeof Deno.build.os = Deno.build.os,
  run: RunKeyringCommand = runCommand,
): Keyring | null {
  if (os === "linux") return secretServiceKeyring(run);
  if (os === "darwin") return macKeyring(run);
  return null;
}

/**
 * secret-tool keeps whatever standard input holds until its end. Were this process killed before it has
 * written, that would be nothing, in place of the key: so a line has to be whole before it starts.
 * `printf` is the shell's own, which `ps` does not show.
 */
const WHOLE_LINE = 'IFS= read -r secret && printf %s "$secret" | "$@"';

function secretServiceKeyring(run: RunKeyringCommand): Keyring {
  const attributes = (home: string) => ["service", SERVICE, "account", home];
  return {
    async lookUp(home) {
      return secretOf(await run("secret-tool", ["lookup", ...attributes(home)], ""));
    },
    async store(home, secret) {
      const label = `--label=authsome master key for ${home}`;
      const command = ["secret-tool", "store", label, ...attributes(home)];
      const result = await run("sh", ["-c", WHOLE_LINE, "sh", ...command], `${secret.reveal()}\n`);
      return result?.code === 0;
    },
  };
}

/**
 * [not run]: no Mac at hand. `security add-generic-password -w VALUE` would show the value in `ps`;
 * `security -i` reads the whole command from standard input instead.
 */
function macKeyring(run: RunKeyringCommand): Keyring {
  return {
    async lookUp(home) {
      return secretOf(
        await run("security", ["find-generic-password", "-s", SERVICE, "-a", home, "-w"], ""),
      );
    },
    async store(home, secret) {
      if (/["\\\n]/.test(home + secret.reveal())) return false; // its quoting knows no escapes
      const command =
        `add-generic-password -U -s "${SERVICE}" -a "${home}" -w "${secret.reveal()}"\n`;
      if ((await run("security", ["-i"], command))?.code !== 0) return false;
      // `security -i` ends with 0 even when its command failed.
      return (await this.lookUp(home))?.reveal() === secret.reveal();
    },
  };
}

function secretOf(result: { code: number; output: string } | null): Secret | null {
  const text = result?.code === 0 ? result.output.trim() : "";
  return text === "" ? null : new Secret(text);
}

const runCommand: RunKeyringCommand = async (program, args, input) => {
  try {
    const child = new Deno.Command(program, {
      args: [...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(input)).catch(() => {});
    await writer.close().catch(() => {});
    const { code, stdout } = await child.output();
    return { code, output: new TextDecoder().decode(stdout) };
  } catch {
    return null; // Not installed.
  }
};
