/**
 * A test daemon with one OAuth provider, `acme`, and connections to it that no login had to make.
 *
 * @module
 */
import type { ResolvedCredential } from "../../../core/api.ts";
import type { Connection } from "../../../core/connection.ts";
import type { OAuthSettings, ProviderDefinition } from "../../../core/provider.ts";
import type { ProviderClient } from "../../../core/provider_client.ts";
import type { OwnerCaller } from "../../../daemon/broker/caller.ts";
import { ProviderCatalogue } from "../../../daemon/broker/provider_catalogue.ts";
import { resolveCredential } from "../../../daemon/broker/resolve_credential.ts";
import type { BrokerParts } from "../../../daemon/create_broker.ts";
import { readConnection, saveConnection } from "../../../daemon/records/connections.ts";
import { saveProviderClient } from "../../../daemon/records/provider_clients.ts";
import type { Vault } from "../../../daemon/vault/vault.ts";
import { oauthProvider, typed } from "../../support/oauth_provider.ts";
import { typedClient } from "../../support/typed_client.ts";
import { memoryDefinitions, openTestDaemon, type TestDaemon } from "./test_daemon.ts";

/** The owner of the test's connections. */
export const OWNER: OwnerCaller = {
  type: "owner",
  identity: "calm-quietly-softly-0001",
  did: "did:key:zTest",
  principal_id: "principal_0123456789ab",
  vault_id: "vault_0123456789ab",
};

/** Where the test's one connection is. */
export const REF = { provider: "acme", connection: "default" } as const;

/** What the provider is like. */
export interface OAuthDaemonOptions extends Partial<BrokerParts> {
  readonly oauth?: Partial<OAuthSettings>;
  readonly definition?: Partial<ProviderDefinition>;
}

/** The daemon, and what tests do with it. */
export interface OAuthDaemon extends AsyncDisposable {
  readonly daemon: TestDaemon;
  /** Puts a connection there: an access token that lives 3600 s, and a refresh token. */
  connect(more?: Partial<Connection>): Promise<Connection>;
  /** As the proxy asks; the header that would be sent. */
  resolve(more?: { readonly rejected_at?: string; readonly connection?: string }): Promise<string>;
  /** The connection as it is stored. */
  stored(connection?: string): Promise<Connection>;
  /** Lets the clock run. */
  pass(seconds: number): void;
}

/** Opens it; `fetch` is the way to the provider. */
export async function openOAuthDaemon(
  fetch: typeof globalThis.fetch,
  { oauth = {}, definition = {}, ...parts }: OAuthDaemonOptions = {},
): Promise<OAuthDaemon> {
  const provider = oauthProvider(oauth, definition);
  const catalogue = await ProviderCatalogue.open([provider], memoryDefinitions());
  const daemon = await openTestDaemon({ fetch, catalogue, ...parts });
  const { broker, clock } = daemon;
  return {
    daemon,
    async connect(more = {}) {
      const connection = connectionAt(clock.now, more);
      await saveProviderClient(broker.vault, "acme", CLIENT);
      await saveConnection(broker.vault, connection, { now: clock.now });
      return connection;
    },
    async resolve(more = {}) {
      const answer: ResolvedCredential = await resolveCredential(broker, OWNER, {
        provider: "acme",
        ...more,
      });
      return answer.headers["authorization"]!;
    },
    stored: (connection = "default") => storedConnection(broker.vault, connection),
    pass: (seconds) => void (clock.now = new Date(clock.now.getTime() + seconds * 1000)),
    [Symbol.asyncDispose]: () => daemon.stop(),
  };
}

async function storedConnection(vault: Vault, connection: string): Promise<Connection> {
  const found = await readConnection(vault, OWNER.vault_id, { provider: "acme", connection });
  if (found === null) throw new Error(`there is no connection ${connection}`);
  return found;
}

/** The client that the connections are of. */
export const CLIENT: ProviderClient = typedClient("test-app", "s3cret/with+odd=characters");

function connectionAt(now: Date, more: Partial<Connection>): Connection {
  return {
    schema_version: 2,
    provider: "acme",
    connection_name: "default",
    identity: OWNER.identity,
    principal_id: OWNER.principal_id,
    vault_id: OWNER.vault_id,
    auth_type: "oauth2",
    flow: "pkce",
    status: "connected",
    base_url: null,
    api_url: null,
    scopes: ["read"],
    secrets: typed({ access_token: "access-0", refresh_token: "refresh-0" }),
    token_type: "Bearer",
    expires_at: new Date(now.getTime() + 3_600_000),
    obtained_at: now,
    account: { id: "42", label: "alice@example.test" },
    metadata: {},
    ...more,
  };
}
