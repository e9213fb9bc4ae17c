/**
 * A daemon for tests: the real app over a vault in memory, with a clock that stands still, spoken to
 * with real proofs through `app.request`.
 *
 * @module
 */
import { ok } from "node:assert/strict";
import type { CreateGrantRequest, GrantItem, RegisteredIdentity } from "../../../core/api.ts";
import type { AuditEvent } from "../../../core/audit_chain.ts";
import { DEFAULT_SERVER_CONFIG } from "../../../core/config.ts";
import { didKey } from "../../../core/did_key.ts";
import type { IdentityClaim } from "../../../core/identity_claim.ts";
import { createProof, type Signer } from "../../../core/proof.ts";
import type { ProviderDefinition } from "../../../core/provider.ts";
import { parseProvider } from "../../../core/provider_schema.ts";
import { Secret } from "../../../core/secret.ts";
import { createApp } from "../../../daemon/app.ts";
import { BackgroundTasks } from "../../../daemon/background_tasks.ts";
import type { Broker } from "../../../daemon/broker/broker.ts";
import {
  type CustomDefinitionStore,
  ProviderCatalogue,
} from "../../../daemon/broker/provider_catalogue.ts";
import { type BrokerParts, createBroker } from "../../../daemon/create_broker.ts";
import { flows } from "../../../daemon/flows/mod.ts";
import { createLog } from "../../../daemon/log.ts";
import { ownAddresses } from "../../../daemon/middleware/origin.ts";
import { ReplayMemory } from "../../../daemon/replay_memory.ts";
import { MemoryVault } from "../../../daemon/vault/memory_vault.ts";

/** Where the test daemon believes to be. */
export const BASE_URL = "http://127.0.0.1:7998";
/** Content of the test home's registration token. */
export const REGISTRATION_TOKEN = "registration-token-of-the-test";
/** The key that tests store and look for where it must not be. */
export const CANARY = "sk-canary-4f1d7c2a9b8e63050718293a4b5c6d7e";

/** A test daemon. */
export interface TestDaemon {
  readonly broker: Broker;
  readonly vault: MemoryVault;
  readonly replay: ReplayMemory;
  /** What the log holds. */
  readonly log: string[];
  readonly audit: AuditEvent[];
  readonly clock: { now: Date };
  /** Sends a request as it is. */
  readonly request: (path: string, init?: RequestInit) => Promise<Response>;
  /** Hands over a request object. */
  readonly fetch: (request: Request) => Promise<Response>;
  /** Ends background tasks and streams. */
  readonly stop: () => Promise<void>;
}

/** How a test daemon differs from the usual one. */
export interface TestDaemonOptions extends Partial<BrokerParts> {
  readonly providers?: readonly unknown[];
  readonly store?: CustomDefinitionStore;
  readonly replayPath?: string;
  readonly replayCapacity?: number;
}

/** A daemon with a few providers. */
export async function openTestDaemon(
  { providers = PROVIDERS, store, replayPath, replayCapacity, ...parts }: TestDaemonOptions = {},
): Promise<TestDaemon> {
  const clock = { now: new Date("2026-03-01T12:00:00Z") };
  const now = () => clock.now;
  const vault = parts.vault as MemoryVault | undefined ?? new MemoryVault();
  const lines: string[] = [];
  const audit: AuditEvent[] = [];
  const log = createLog((line) => void lines.push(line), now);
  const tasks = new BackgroundTasks((cause) => log.error("task", cause));
  const bundled = providers.map((source) => parseProvider(source));
  const broker = createBroker({
    home: "/home/person/.authsome",
    version: "0.0.0-test",
    settings: DEFAULT_SERVER_CONFIG,
    encryption: { mode: "local_key", source: "key_file", status: "ok" },
    registrationToken: new Secret(REGISTRATION_TOKEN),
    changeKeys: () => Promise.resolve({ source: "key_file", records: 0, key_id: 2, erased: true }),
    ownsVault: true,
    catalogue: await ProviderCatalogue.open(bundled, store ?? memoryDefinitions()),
    flows,
    now,
    fetch: () => Promise.reject(new Error("no network in this test")),
    allowHosts: () => {},
    allowProvider: () => {},
    baseUrl: () => BASE_URL,
    audit: (...events) => void audit.push(...events),
    auditTrail: auditTrail(audit, now),
    warn: (message, cause) => log.error(message, cause),
    probes: {},
    background: (task) => tasks.start(task),
    stopping: tasks.signal,
    ...parts,
    vault,
  });
  const replay = ReplayMemory.open({
    path: replayPath ?? null,
    now,
    ...(replayCapacity === undefined ? {} : { capacity: replayCapacity }),
  });
  const app = createApp({
    broker,
    proofs: {
      now,
      identify: (proof) => broker.callers.identify(proof),
      useOnce: (proof) => replay.useOnce(proof),
    },
    health: { version: broker.version, instance: "ab".repeat(32), egress: () => "ok" },
    own: () => ownAddresses(7998, parts.baseUrl?.() ?? null),
    log,
  });
  const request = async (path: string, init?: RequestInit) =>
    await app.request(`${BASE_URL}${path}`, init);
  const fetch = async (request: Request) => await app.fetch(request);
  const stop = async () => {
    await tasks.stop();
    replay.close();
  };
  return { broker, vault, replay, log: lines, audit, clock, request, fetch, stop };
}

/** Pages over what a test's log holds, without a chain. */
function auditTrail(events: readonly AuditEvent[], now: () => Date): Broker["auditTrail"] {
  const timestamp = now().toISOString();
  const newest = () =>
    events.map((event, i) => ({ seq: i + 1, timestamp, ...event, prev: "" })).reverse();
  return {
    page: ({ limit = 50 }) =>
      Promise.resolve({ entries: newest().slice(0, limit), next_cursor: null }),
    async *newest() {
      yield* newest();
    },
    verify: () => {
      const lines = events.length;
      const report = { files: 1, lines, checkpoints: 0, signed_until: 0, head_seq: lines };
      return Promise.resolve({ ...report, fault: null });
    },
  };
}

/** A fresh key under this subject (a handle, or later a grant id). */
export async function newSigner(subject: string): Promise<Signer> {
  const keys = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
  const { publicKey, privateKey } = keys as CryptoKeyPair;
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", publicKey));
  return { subject, did: didKey(raw), privateKey };
}

/** An owner who talks to a test daemon. */
export interface Client {
  readonly signer: Signer;
  /** A proven request; `body` is sent as JSON. */
  readonly call: (method: string, path: string, body?: unknown) => Promise<Response>;
  /** The same, for answers that must be 200. */
  readonly json: <T>(method: string, path: string, body?: unknown) => Promise<T>;
}

/** A client that signs with this key. */
export function clientFor(daemon: TestDaemon, signer: Signer): Client {
  const call = async (method: string, path: string, body?: unknown) => {
    const text = body === undefined ? "" : JSON.stringify(body);
    const bytes = new TextEncoder().encode(text);
    const proof = await createProof(
      signer,
      { method, target: path, body: bytes },
      daemon.clock.now,
    );
    return await daemon.request(path, {
      method,
      headers: {
        authorization: proof,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: bytes }),
    });
  };
  const json = async <T>(method: string, path: string, body?: unknown) => {
    const response = await call(method, path, body);
    const text = await response.text();
    ok(response.status === 200, `${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text) as T;
  };
  return { signer, call, json };
}

/** A registered identity and its client. */
export async function registerOwner(
  daemon: TestDaemon,
  handle = "calm-quietly-softly-0001",
): Promise<Client> {
  const client = clientFor(daemon, await newSigner(handle));
  await client.json<RegisteredIdentity>("POST", "/identities/register", {
    handle,
    did: client.signer.did,
    registration_token: REGISTRATION_TOKEN,
  });
  return client;
}

/** A run identity with a grant of the owner's, and the grant. */
export async function grantRun(
  daemon: TestDaemon,
  owner: Client,
  request: Partial<CreateGrantRequest> = {},
): Promise<{ readonly run: Client; readonly grant: GrantItem }> {
  const key = await newSigner("");
  const grant = await owner.json<GrantItem>("POST", "/grants", { run_did: key.did, ...request });
  return { run: clientFor(daemon, { ...key, subject: grant.id }), grant };
}

/** Another machine that asks to be let in, and the claim it made. */
export async function askToBeLetIn(
  daemon: TestDaemon,
  handle: string,
): Promise<IdentityClaim & { readonly machine: Client }> {
  const machine = clientFor(daemon, await newSigner(handle));
  const body = { handle, did: machine.signer.did };
  return { ...await machine.json<IdentityClaim>("POST", "/identities/claims", body), machine };
}

/** Logs in with a key through the API. */
export async function logIn(
  owner: Client,
  provider: string,
  data: Readonly<Record<string, string>> = { api_key: CANARY },
  connection?: string,
): Promise<void> {
  const session = await owner.json<{ id: string }>("POST", "/auth/sessions", {
    provider,
    ...(connection === undefined ? {} : { connection }),
  });
  const path = `/auth/sessions/${session.id}/resume`;
  const done = await owner.json<{ status: string; error: string }>("POST", path, { data });
  ok(done.status === "completed", `${provider}: ${done.status} ${done.error}`);
}

/** Custom definitions that no file holds. */
export function memoryDefinitions(): CustomDefinitionStore {
  const kept = new Map<string, ProviderDefinition>();
  return {
    read: () => Promise.resolve({ definitions: [...kept.values()], broken: [] }),
    save: (definition) => void kept.set(definition.name, definition),
    remove: (name) => void kept.delete(name),
  };
}

const bearer = { type: "header", name: "Authorization", value: "Bearer {api_key}" };
const apiKey = { name: "api_key", label: "API key", secret: true };

/** Providers with one key, with several fields, with a pattern, and with OAuth. */
export const PROVIDERS: readonly unknown[] = [
  {
    name: "acme",
    display_name: "Acme",
    auth_type: "api_key",
    hosts: ["api.acme.test", "files.acme.test/v2"],
    injection: bearer,
    fields: [{ ...apiKey, pattern: "sk-[a-z0-9-]{8,}", pattern_hint: "It begins with sk-" }],
    env: { ACME_API_KEY: "api_key" },
  },
  {
    name: "strict",
    display_name: "Strict",
    auth_type: "api_key",
    hosts: ["api.strict.test"],
    injection: { type: "query", name: "key", value: "{api_key}" },
    fields: [{ ...apiKey, pattern: "st_[0-9]{6}", pattern_certain: true }],
  },
  {
    name: "pair",
    display_name: "Pair",
    auth_type: "api_key",
    hosts: ["*.pair.test"],
    injection: { type: "basic", username: "{account_id}", password: "{auth_token}" },
    fields: [
      { name: "account_id", label: "Account id", secret: false },
      { name: "auth_token", label: "Auth token", secret: true },
    ],
    env: { PAIR_ACCOUNT: "account_id", PAIR_TOKEN: "auth_token" },
  },
  {
    name: "secrets",
    display_name: "Secrets",
    auth_type: "api_key",
    hosts: ["api.secrets.test"],
    injection: { type: "header", name: "X-Api-Key", value: "{api_key}" },
    extra_headers: { "X-App-Key": "{app_key}" },
    fields: [apiKey, { name: "app_key", label: "App key", secret: true }],
  },
  {
    name: "hub",
    display_name: "Hub",
    auth_type: "oauth2",
    flows: ["pkce", "device_code"],
    hosts: ["api.hub.test"],
    oauth: {
      authorization_url: "https://hub.test/authorize",
      token_url: "https://api.hub.test/token",
      device_authorization_url: "https://hub.test/device",
      scopes: ["read"],
    },
    env: { HUB_TOKEN: "access_token" },
  },
];
