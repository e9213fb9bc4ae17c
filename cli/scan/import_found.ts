/**
 * Puts a credential that was found into the vault: a key login that answers its own questions.
 *
 * @module
 */
import type { DaemonClient } from "../../client/daemon_client.ts";
import { InvalidInputError } from "../../core/errors.ts";
import type { FoundCredential } from "./found_credential.ts";

/**
 * Logs in with the values found.
 *
 * @param connection Its name; undefined: the provider's default connection, replaced where there is one.
 * @returns The connection's name, and what the daemon finds odd about the values.
 * @throws {AuthsomeError} when the provider's rules refuse a value, or something more is wanted.
 */
export async function importFound(
  client: DaemonClient,
  { provider, fields, base_url }: FoundCredential,
  connection: string | undefined,
): Promise<{ readonly connection: string; readonly warnings: readonly string[] }> {
  const session = await client.createSession({
    provider,
    connection,
    flow: "api_key",
    force: true,
    base_url: base_url ?? undefined,
    purpose: "scan",
  });
  try {
    const wanted = session.input_fields.filter(({ name }) => Object.hasOwn(fields, name));
    const missing = session.input_fields.filter(({ name, required }) =>
      required && !Object.hasOwn(fields, name)
    );
    if (missing.length > 0) {
      throw new InvalidInputError(
        `Cannot import ${provider}: ${missing.map(({ label }) => label).join(", ")} was not found`,
        { provider, hint: `Run: authsome login ${provider}` },
      );
    }
    const data = Object.fromEntries(
      wanted.map(({ name }) => [name, fields[name]!.value.reveal()]),
    );
    const done = await client.resumeSession(session.id, data);
    if (done.status !== "completed") {
      throw new InvalidInputError(`Cannot import ${provider}: ${done.error ?? done.status}`, {
        provider,
      });
    }
    return { connection: done.connection, warnings: done.warnings };
  } catch (error) {
    await client.cancelSession(session.id).catch(() => {});
    throw error;
  }
}
