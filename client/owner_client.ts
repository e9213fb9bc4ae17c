/**
 * A ready client for the person at this terminal: the daemon runs, the identity exists, and the
 * daemon is told about it when it asks.
 *
 * Needs Deno, for files and processes. What uses them is imported when it is called, so that the
 * library that exports this loads in Node.js and Bun, too.
 *
 * @module
 */
import type { Settings } from "../core/config.ts";
import { IdentityNotFoundError } from "../core/errors.ts";
import { homePaths } from "../core/paths.ts";
import type { Signer } from "../core/proof.ts";
import { DaemonClient } from "./daemon_client.ts";
import { isLoopbackUrl } from "./loopback_url.ts";
import type { LaunchOptions } from "./launch.ts";

/**
 * A client that signs as the active identity. Starts the daemon and makes an identity where there is
 * none yet; `options.note` is told of either.
 *
 * @throws {DaemonUnavailableError} when the daemon cannot be started.
 * @throws {IdentityNotFoundError} when the identity that should be used has no key here.
 */
export async function openOwnerClient(
  settings: Settings,
  options: LaunchOptions = {},
): Promise<DaemonClient> {
  const { ensureDaemon } = await import("./launch.ts");
  const { baseUrl } = await ensureDaemon(settings, homePaths(settings.home), options);
  const signer = await readySigner(settings, options.note);
  return new DaemonClient({
    baseUrl,
    signer,
    onUnknownIdentity: (client) => register(client, settings, signer),
    // A daemon that is not ours to start.
    ...(settings.daemonUrl === null
      ? {}
      : { unreachableHint: "Start that daemon, or unset AUTHSOME_DAEMON_URL" }),
  });
}

/** The active identity; the first one is made here. */
async function readySigner(settings: Settings, note: LaunchOptions["note"]): Promise<Signer> {
  const { createIdentity, loadSigner } = await import("./identity.ts");
  const known = await loadSigner(settings);
  if (known !== null) return known;
  const { facts } = await createIdentity(settings);
  note?.(`Made your profile: ${facts.handle}`);
  return (await loadSigner(settings))!;
}

/** Tells the daemon about the identity; the token proves that we may read the home. */
async function register(client: DaemonClient, settings: Settings, signer: Signer): Promise<void> {
  const registration_token = await readRegistrationToken(client, settings);
  await client.registerIdentity({
    handle: signer.subject,
    did: signer.did,
    registration_token,
  });
  if (settings.identityPrivateKey !== null) return; // from the environment: no file to note it in
  const { markRegistered } = await import("./identity.ts");
  await markRegistered(settings, signer.subject);
}

/** Another machine's daemon never gets this machine's token. */
async function readRegistrationToken(client: DaemonClient, settings: Settings): Promise<string> {
  const { readPrivateFile } = await import("./private_file.ts");
  const token = isLoopbackUrl(client.baseUrl)
    ? await readPrivateFile(homePaths(settings.home).server.registrationToken)
    : null;
  if (token === null) {
    throw new IdentityNotFoundError(
      `Cannot register with the daemon at ${client.baseUrl}: its registration token is not here`,
      { hint: "Use AUTHSOME_IDENTITY_PRIVATE_KEY with an identity that the daemon knows" },
    );
  }
  return token.trim();
}
