/**
 * A ready client for the person at this terminal: the daemon runs, the identity exists, and the
 * daemon is told about it when it asks.
 *
 * Needs Deno, for files and processes. The library, which loads in Node.js and Bun, too, gets here by
 * `open_owner_client.ts`.
 *
 * @module
 */
import type { Settings } from "../core/config.ts";
import { IdentityNotFoundError, OperationNotAllowedError } from "../core/errors.ts";
import { importLater } from "../core/import_later.ts";
import { type HomePaths, homePaths } from "../core/paths.ts";
import type { Signer } from "../core/proof.ts";
import { DaemonClient } from "./daemon_client.ts";
import { baseUrlOf } from "./daemon_state.ts";
import { findDaemon } from "./find_daemon.ts";
import { createIdentity, loadSigner, markRegistered } from "./identity.ts";
import { ensureDaemon, type LaunchOptions } from "./launch.ts";
import { isLoopbackUrl } from "./loopback_url.ts";
import { readPrivateFile } from "./private_file.ts";
import type { Transport } from "./transport.ts";

/**
 * A client that signs as the active identity. Starts the daemon and makes an identity where there is
 * none yet; `options.note` is told of either. A daemon of another machine asks its owner first.
 *
 * @throws {DaemonUnavailableError} when the daemon cannot be started.
 * @throws {IdentityNotFoundError} when the identity that should be used has no key here.
 */
export async function openOwnerClient(
  settings: Settings,
  options: LaunchOptions = {},
): Promise<DaemonClient> {
  let transport: Transport | undefined;
  const daemon = ensureDaemon(settings, homePaths(settings.home), options, (connection) => {
    transport = connection;
  });
  const known = loadSigner(settings);
  known.catch(() => {}); // told below, when the daemon is not left half started
  const { baseUrl } = await daemon;
  let signer: Signer;
  try {
    signer = await known ?? await firstSigner(settings, options.note);
  } catch (error) {
    transport?.close();
    throw error;
  }
  return new DaemonClient({
    baseUrl,
    signer,
    transport,
    onUnknownIdentity: (client) => register(client, settings, signer, options.tellClaim),
    // A daemon that is not ours to start.
    ...(settings.daemonUrl === null
      ? {}
      : { unreachableHint: "Start that daemon, or unset AUTHSOME_DAEMON_URL" }),
  });
}

/** Makes the first identity of this home. */
async function firstSigner(settings: Settings, note: LaunchOptions["note"]): Promise<Signer> {
  const { facts } = await createIdentity(settings);
  note?.(`Made your profile: ${facts.handle}`);
  return (await loadSigner(settings))!;
}

/**
 * Tells the daemon about the identity; the token proves that we may read the home. A daemon whose home
 * is elsewhere has an owner, who is asked.
 */
async function register(
  client: DaemonClient,
  settings: Settings,
  signer: Signer,
  tellClaim: LaunchOptions["tellClaim"],
): Promise<void> {
  const token = await readRegistrationToken(client, settings);
  if (token === null || !await isTaken(client, settings, signer, token)) {
    await askOwner(client, signer, tellClaim);
  }
  if (settings.identityPrivateKey !== null) return; // from the environment: no file to note it in
  await markRegistered(settings, signer.subject);
}

/** Whether the daemon took the token. One that is not ours to start may be another home's. */
async function isTaken(
  client: DaemonClient,
  { daemonUrl }: Settings,
  { subject, did }: Signer,
  registration_token: string,
): Promise<boolean> {
  try {
    await client.registerIdentity({ handle: subject, did, registration_token });
    return true;
  } catch (error) {
    if (daemonUrl === null || !(error instanceof OperationNotAllowedError)) throw error;
    return false;
  }
}

async function askOwner(
  client: DaemonClient,
  signer: Signer,
  tellClaim: LaunchOptions["tellClaim"],
): Promise<void> {
  if (tellClaim === undefined) {
    throw new IdentityNotFoundError(
      `Cannot register with the daemon at ${client.baseUrl}: its registration token is not here`,
      { hint: "Use AUTHSOME_IDENTITY_PRIVATE_KEY with an identity that the daemon knows" },
    );
  }
  const { claimIdentity } = await importLater<typeof import("./claim_identity.ts")>(
    "client/claim_identity.ts",
  );
  await claimIdentity(client, signer, tellClaim);
}

/**
 * The token of this home for the daemon of this home, and for nobody else; null where there is none.
 * Behind a loopback address that a person named may be another machine, or anybody.
 */
async function readRegistrationToken(
  { baseUrl }: DaemonClient,
  { home, daemonUrl }: Settings,
): Promise<string | null> {
  if (!isLoopbackUrl(baseUrl)) return null;
  const paths = homePaths(home);
  if (daemonUrl !== null && !await isOfThisHome(baseUrl, paths)) return null;
  const token = await readPrivateFile(paths.server.registrationToken);
  return token?.trim() ?? null;
}

/** Whether the daemon there proves that it is this home's (`find_daemon.ts`). */
async function isOfThisHome(baseUrl: string, paths: HomePaths): Promise<boolean> {
  const found = await findDaemon(paths);
  if (found.type !== "usable" && found.type !== "unfit") return false;
  return new URL(baseUrl).port === new URL(baseUrlOf(found.state)).port;
}
