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
// Named first, and loaded with the above anyway; why: see `cli/run_modules.ts`.
import "../core/corporate_proxy.ts";
import "../core/network_address.ts";
import "./certificate.ts";
import "./certificate_authority.ts";
import "./corporate_proxy.ts";
import "./der.ts";
import "./door_watch.ts";
import "./extra_roots.ts";
import "./java_trust_store.ts";
import "./listener.ts";
import "./node_bootstrap.ts";
import "./pattern_sample.ts";
import "./peer_process.ts";
import "./pem_file.ts";
import "./proxy_secret.ts";
import "./socket_table.ts";
import "./system_roots.ts";
import "node:crypto";
import "node:net";
