/**
 * authsome as a library: a client of the daemon that runs on this machine, the models it answers
 * with, the errors it throws, and the vault's interface with a double in memory.
 *
 * `openOwnerClient(readSettings((name) => Deno.env.get(name)))` gives a client that signs as the
 * active identity and starts the daemon when it does not run; it needs Deno. Node.js and Bun make a
 * {@linkcode DaemonClient} with {@linkcode signerFromSeed}. A program that only wants its requests to
 * carry credentials needs neither: start it with `authsome run -- CMD`.
 *
 * @example Ask the daemon, and switch on what it says
 * ```ts
 * import {
 *   ConnectionNotFoundError,
 *   DaemonClient,
 *   generateSeed,
 *   Secret,
 *   signerFromSeed,
 * } from "@authsome/cli/lib";
 *
 * const signer = await signerFromSeed("build-server", new Secret(generateSeed()));
 * using client = new DaemonClient({
 *   baseUrl: "http://127.0.0.1:7998",
 *   signer,
 *   // Stands in for the daemon here; leave it out.
 *   fetch: () =>
 *     Promise.resolve(Response.json(
 *       { error: "ConnectionNotFoundError", message: "Cannot find acme/work: there is none" },
 *       { status: 404 },
 *     )),
 * });
 *
 * try {
 *   const signal = AbortSignal.timeout(5_000);
 *   await client.getConnection({ provider: "acme", connection: "work" }, { signal });
 * } catch (error) {
 *   if (!(error instanceof ConnectionNotFoundError)) throw error;
 * }
 * ```
 *
 * @example A vault in memory, for tests of what is built on the interface
 * ```ts
 * import { MemoryVault, type Vault } from "@authsome/cli/lib";
 *
 * const vault: Vault = new MemoryVault();
 * if (await vault.get("vault:test:acme:metadata") !== null) throw new Error("it is not empty");
 * ```
 *
 * @module
 */
export {
  type CallOptions,
  DaemonClient,
  type DaemonClientOptions,
  type HealthAnswer,
} from "./client/daemon_client.ts";
export { createFetch, type CreateFetchOptions } from "./client/create_fetch.ts";
export type {
  DaemonFetch,
  Transport,
  TransportAnswer,
  TransportRequest,
} from "./client/transport.ts";
export { openOwnerClient } from "./client/open_owner_client.ts";
export type { TellClaim } from "./client/claim_identity.ts";
export type { LaunchOptions } from "./client/launch.ts";
export type { PromptPassphrase } from "./client/master_key_source.ts";
export { generateSeed, signerFromSeed } from "./client/signing_key.ts";

export * from "./core/errors.ts";

export type * from "./core/api.ts";
export type { AuditEvent, AuditLine } from "./core/audit_chain.ts";
export { AUDIT_EVENTS, type AuditEventName } from "./core/audit_events.ts";
export type { ChainProblem } from "./core/verify_audit_chain.ts";
export { readSettings, type ReadVariable, type Settings } from "./core/config.ts";
export {
  type Account,
  type Connection,
  type ConnectionRef,
  type ConnectionStatus,
  type ConnectionSummary,
  showRef,
} from "./core/connection.ts";
export type { Grant, GrantScope } from "./core/grant.ts";
export {
  type AcceptClaimRequest,
  type ClaimList,
  type ClaimStatus,
  type CreateClaimRequest,
  fingerprintOf,
  type IdentityClaim,
  type RemovedIdentity,
} from "./core/identity_claim.ts";
export type { FilledInjection, Injection } from "./core/injection.ts";
export {
  createProof,
  type Proof,
  type ProvenRequest,
  type Signer,
  type SignMessage,
} from "./core/proof.ts";
export { verifyProof } from "./core/verify_proof.ts";
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
export type { Vault, VaultChange, VaultGetOptions, VaultRecord } from "./daemon/vault/vault.ts";
