/**
 * authsome as a library: a client of the daemon that runs on this machine, the models it answers
 * with, and the errors it throws.
 *
 * `openOwnerClient(readSettings((name) => Deno.env.get(name)))` gives a client that signs as the
 * active identity and starts the daemon when it does not run.
 *
 * @module
 */
export * from "./client/daemon_client.ts";
export type { DaemonFetch } from "./client/direct_fetch.ts";
export * from "./client/owner_client.ts";
export * from "./core/api.ts";
export * from "./core/config.ts";
export * from "./core/connection.ts";
export * from "./core/errors.ts";
export type { GrantScope } from "./core/grant.ts";
export type { FilledInjection, Injection } from "./core/injection.ts";
export type { Signer } from "./core/proof.ts";
export type {
  AuthType,
  BaseUrl,
  ClientAuthenticationMethod,
  Flow,
  HostRule,
  OAuthSettings,
  ProviderDefinition,
  ProviderSource,
  RevocationStyle,
  SecretField,
} from "./core/provider.ts";
export { REDACTED, Secret } from "./core/secret.ts";
export { VERSION } from "./core/version.ts";
export { MemoryVault } from "./daemon/vault/memory_vault.ts";
export * from "./daemon/vault/vault.ts";
