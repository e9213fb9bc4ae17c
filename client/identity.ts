/**
 * Identities on disk, called profiles on the command line: `client/identities/<handle>.key` (hex seed)
 * and `<handle>.json` (public facts). Which one is active is in `client/config.json`.
 *
 * @module
 */
import type { Settings } from "../core/config.ts";
import { IdentityNotFoundError, InvalidInputError } from "../core/errors.ts";
import { homePaths } from "../core/paths.ts";
import type { Signer } from "../core/proof.ts";
import { Secret } from "../core/secret.ts";
import { nearest } from "../core/suggestion.ts";
import { readClientConfig, writeClientConfig } from "./client_config.ts";
import { generateHandle, HANDLE_PATTERN } from "./handle.ts";
import { auditWholeHome } from "./home.ts";
import {
  createPrivateFile,
  makePrivateDirectory,
  readPrivateFile,
  replacePrivateFile,
} from "./private_file.ts";
import { generateSeed, signerFromSeed } from "./signing_key.ts";

/** What `<handle>.json` says. */
export interface IdentityFacts {
  readonly handle: string;
  readonly did: string;
  /** Whether a daemon has accepted it; the daemon's own register is what counts. */
  readonly registered: boolean;
  readonly created_at: string;
  readonly updated_at: string;
}

/**
 * Makes an identity and makes it the active one.
 *
 * @param handle Left out: a generated one.
 * @returns The identity, and false where it existed before and was only made active.
 * @throws {InvalidInputError} for a handle that cannot be one.
 */
export async function createIdentity(
  settings: Settings,
  handle: string = generateHandle(),
  now: Date = new Date(),
): Promise<{ readonly facts: IdentityFacts; readonly created: boolean }> {
  if (!HANDLE_PATTERN.test(handle)) {
    throw new InvalidInputError(`Cannot call a profile ${JSON.stringify(handle)}`, {
      hint: "Use 2 to 64 lower-case letters, digits and hyphens, such as work-laptop",
    });
  }
  const paths = homePaths(settings.home);
  auditWholeHome(paths); // a key is not written through somebody else's symlink
  await readClientConfig(settings.home); // a damaged one is told before a key is made
  await makePrivateDirectory(paths.client.identities);
  const seed = generateSeed();
  const created = await createPrivateFile(keyPath(settings, handle), `${seed}\n`);
  const facts = created
    ? await describe(settings, handle, new Secret(seed), now)
    : await readFacts(settings, handle);
  await activateIdentity(settings, handle);
  return { facts, created };
}

/**
 * Makes an existing identity the active one.
 *
 * @throws {IdentityNotFoundError} when there is none of that name.
 */
export async function activateIdentity(settings: Settings, handle: string): Promise<IdentityFacts> {
  const facts = await readFacts(settings, handle);
  const config = await readClientConfig(settings.home);
  await writeClientConfig(settings.home, { ...config, active_identity: handle });
  return facts;
}

/** Every identity of this home, by handle. */
export async function listIdentities(settings: Settings): Promise<IdentityFacts[]> {
  const handles = await listHandles(settings);
  return await Promise.all(handles.map((handle) => readFacts(settings, handle)));
}

/** The handle in use: `AUTHSOME_IDENTITY`, the active one, or the only one; null when there is none. */
export async function activeHandle(settings: Settings): Promise<string | null> {
  if (settings.identity !== null) return settings.identity;
  const { active_identity } = await readClientConfig(settings.home);
  if (active_identity !== null) return active_identity;
  const handles = await listHandles(settings);
  if (handles.length > 1) {
    throw new IdentityNotFoundError("Cannot tell which profile to use: none is active", {
      hint: `Run: authsome profile use ${handles[0]}`,
    });
  }
  return handles[0] ?? null;
}

/**
 * Who signs for the person at this terminal; null when there is no identity yet.
 *
 * @throws {IdentityNotFoundError} when the one that should be used has no key here.
 */
export async function loadSigner(settings: Settings): Promise<Signer | null> {
  const given = settings.identityPrivateKey;
  if (given !== null) {
    if (settings.identity !== null) return await signerFromSeed(settings.identity, given);
    // Without a handle, one that follows from the key, so that the same key is the same identity.
    const { did } = await signerFromSeed("", given);
    return await signerFromSeed(`key-${did.slice(-12).toLowerCase()}`, given);
  }
  const handle = await activeHandle(settings);
  if (handle === null) return null;
  return await signerFromSeed(handle, await readSeed(settings, handle));
}

/** Notes that a daemon has accepted the identity. */
export async function markRegistered(
  settings: Settings,
  handle: string,
  now: Date = new Date(),
): Promise<void> {
  const facts = await readFacts(settings, handle);
  if (facts.registered) return;
  await writeFacts(settings, { ...facts, registered: true, updated_at: now.toISOString() });
}

/** What is known of one identity; the facts are made again from the key when their file is lost. */
async function readFacts(settings: Settings, handle: string): Promise<IdentityFacts> {
  const seed = await readSeed(settings, handle);
  const text = await readPrivateFile(factsPath(settings, handle));
  if (text !== null) {
    try {
      const { did, registered, created_at, updated_at } = JSON.parse(text);
      if (typeof did === "string" && typeof created_at === "string") {
        return {
          handle,
          did,
          registered: registered === true,
          created_at,
          updated_at: typeof updated_at === "string" ? updated_at : created_at,
        };
      }
    } catch { /* made again below: everything in it follows from the key */ }
  }
  return await describe(settings, handle, seed, new Date());
}

async function describe(
  settings: Settings,
  handle: string,
  seed: Secret,
  now: Date,
): Promise<IdentityFacts> {
  const { did } = await signerFromSeed(handle, seed);
  const at = now.toISOString();
  const facts = { handle, did, registered: false, created_at: at, updated_at: at };
  await writeFacts(settings, facts);
  return facts;
}

async function writeFacts(settings: Settings, facts: IdentityFacts): Promise<void> {
  const text = `${JSON.stringify(facts, null, 2)}\n`;
  await replacePrivateFile(factsPath(settings, facts.handle), text);
}

async function readSeed(settings: Settings, handle: string): Promise<Secret> {
  // The handle may come from the environment or a file: it must not lead out of the folder.
  const text = HANDLE_PATTERN.test(handle)
    ? await readPrivateFile(keyPath(settings, handle))
    : null;
  if (text === null) {
    const known = await listHandles(settings);
    const close = nearest(handle, known)[0] ?? known[0];
    throw new IdentityNotFoundError(
      `Cannot use the profile ${handle}: there is no key for it here`,
      {
        hint: close === undefined ? "Run: authsome init" : `Run: authsome profile use ${close}`,
      },
    );
  }
  const seed = text.trim();
  if (!/^[0-9a-f]{64}$/i.test(seed)) {
    throw new IdentityNotFoundError(`Cannot use the profile ${handle}: its key file is damaged`, {
      hint: "Restore it from a backup, or run: authsome profile create",
    });
  }
  return new Secret(seed.toLowerCase());
}

async function listHandles(settings: Settings): Promise<string[]> {
  const handles: string[] = [];
  try {
    for await (const entry of Deno.readDir(homePaths(settings.home).client.identities)) {
      const handle = /^(.+)\.key$/.exec(entry.name)?.[1];
      if (handle !== undefined && HANDLE_PATTERN.test(handle)) handles.push(handle);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return handles.sort();
}

function keyPath(settings: Settings, handle: string): string {
  return `${homePaths(settings.home).client.identities}/${handle}.key`;
}

function factsPath(settings: Settings, handle: string): string {
  return `${homePaths(settings.home).client.identities}/${handle}.json`;
}
