/**
 * What `cli.ts` says when it was installed without the permissions it needs: one message with the
 * command that mends it, in place of a row of questions that no answer is kept of.
 *
 * It imports nothing, because it is read before every command.
 *
 * @module
 */

/** What authsome does with each; `--allow-all` is what the documentation tells to install with. */
const NEEDED = ["read", "write", "net", "env", "run", "sys"] as const;

/** The permissions that were not granted as a whole; empty when all is well. */
export function missingPermissions(): readonly string[] {
  return NEEDED.filter((name) => Deno.permissions.querySync({ name }).state !== "granted");
}

/** The message for `missing`, as the JSON of an error with `json`. Ends with a line end. */
export function tellMissingPermissions(missing: readonly string[], json: boolean): string {
  const message = `Cannot run: authsome was started without the permissions it needs (${
    missing.join(", ")
  })`;
  const command = installCommand();
  if (json) {
    const error = "UnexpectedError";
    const hint = `Run: ${command}`;
    return `${JSON.stringify({ v: 1, error, message, hint }, null, 2)}\n`;
  }
  return `error: ${message}\n\n` +
    "It starts the command you name, a daemon and a proxy. Only the daemon holds credentials, and\n" +
    `it is confined to 127.0.0.1 and its own folder, whatever is granted here. Run:\n\n` +
    `  ${command}\n\n` +
    "or, with nothing more than it needs:\n\n" +
    `  ${command.replace("--allow-all", NEEDED.map((name) => `--allow-${name}`).join(" "))}\n`;
}

function installCommand(): string {
  const here = new URL(import.meta.url);
  if (here.protocol === "file:") return "deno run --allow-all cli.ts";
  return "deno install --global --force --allow-all --name authsome jsr:@authsome/cli";
}
