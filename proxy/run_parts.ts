/**
 * What `authsome run` needs of the proxy, behind one import, so that it can be loaded while the
 * daemon is asked.
 *
 * @module
 */
export { childEnvironment } from "./child_env.ts";
export { openDoor } from "./mod.ts";
export { givenPlaceholders } from "./placeholders.ts";
export { createRunDirectory, removeLeftovers } from "./run_directory.ts";
export { readOwnTrust, writeTrustFiles } from "./trust_store.ts";
