/**
 * The master keys in a keyring: one, or the old and the new one while they are being changed. The
 * keyring holds both before the vault changes, and the vault says afterwards which is its own; so
 * whoever is killed in between leaves a vault that opens.
 *
 * @module
 */
import type { DaemonBoot } from "../core/boot.ts";
import type { HomePaths } from "../core/paths.ts";
import { Secret } from "../core/secret.ts";
import { readDaemonState } from "./daemon_state.ts";
import { type Keyring, systemKeyring } from "./keyring.ts";

/** The keys in what a keyring gave, the likeliest first. */
export function splitKeys(kept: Secret): readonly Secret[] {
  const words = kept.reveal().split(" ");
  // Somebody's own text may have spaces in it; ours are 32 bytes in hex.
  const areOurs = words.every((word) => /^[0-9a-f]{64}$/.test(word));
  return areOurs ? words.map((word) => new Secret(word)) : [kept];
}

/** What a keyring is given to keep these. */
export function joinKeys(keys: readonly Secret[]): Secret {
  return new Secret(keys.map((key) => key.reveal()).join(" "));
}

/** The boot line's part. */
export function keyringBoot(kept: Secret): DaemonBoot["master_key"] {
  const [first, ...others] = splitKeys(kept).map((key) => key.reveal());
  return {
    source: "keyring",
    secret: first!,
    ...(others.length === 0 ? {} : { others }),
  };
}

/**
 * Ends a change that was cut short: of several keys only the one stays that opened the vault of the
 * daemon that was just started. Hold the launch lock. A keyring that does not take it keeps them all,
 * which does no harm.
 */
export async function settleKeyring(
  paths: HomePaths,
  given: DaemonBoot["master_key"],
  keyring: Keyring | null = systemKeyring(),
): Promise<void> {
  if (given.source !== "keyring" || given.others === undefined) return;
  const opened = readDaemonState(paths)?.master_key;
  const key = opened === undefined ? undefined : [given.secret!, ...given.others][opened];
  if (key !== undefined) await keyring?.store(paths.home, new Secret(key));
}
