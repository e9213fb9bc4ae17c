/**
 * The real broker over a SQLite vault in a directory, with one OAuth provider named `acme`: what a
 * daemon is without its port. For tests that kill it and look at what it left.
 *
 * @module
 */
import { DEFAULT_SERVER_CONFIG } from "../../core/config.ts";
import { Secret } from "../../core/secret.ts";
import { BackgroundTasks } from "../../daemon/background_tasks.ts";
import type { Broker } from "../../daemon/broker/broker.ts";
import type { OwnerCaller } from "../../daemon/broker/caller.ts";
import { ProviderCatalogue } from "../../daemon/broker/provider_catalogue.ts";
import { createBroker } from "../../daemon/create_broker.ts";
import { flows } from "../../daemon/flows/mod.ts";
import { openSqliteVault } from "../../daemon/vault/sqlite_vault.ts";
import { oauthProvider } from "./oauth_provider.ts";
import { trustingFetch } from "./trusting_fetch.ts";

/** Where it is and whom it talks to. JSON, so that another process can be told. */
export interface BrokerPlace {
  readonly directory: string;
  readonly issuer: string;
  /** The authority to trust, PEM. */
  readonly root: string;
}

/** An open broker; disposing of it closes the vault. */
export interface BrokerOnDisk extends AsyncDisposable {
  readonly broker: Broker;
}

/** The owner of everything in it. */
export const DISK_OWNER: OwnerCaller = {
  type: "owner",
  identity: "calm-quietly-softly-0001",
  did: "did:key:zTest",
  principal_id: "principal_0123456789ab",
  vault_id: "vault_0123456789ab",
};

/** How it gets out of the process. */
export type WayOut =
  & Pick<Broker, "fetch">
  & Partial<Pick<Broker, "connectEarly" | "allowHosts" | "allowProvider">>;

/** Opens it; the vault is made where there is none. Without a way out it goes there directly. */
export async function openBrokerOnDisk(
  { directory, issuer, root }: BrokerPlace,
  way?: WayOut,
): Promise<BrokerOnDisk> {
  const vault = await openSqliteVault({
    path: `${directory}/vault.db`,
    keyFilePath: `${directory}/master.key`,
    masterKey: { source: "key_file", secret: null },
    isAlone: true,
  });
  const trusting = trustingFetch(root);
  const tasks = new BackgroundTasks(() => {});
  const definition = oauthProvider({
    authorization_url: `${issuer}/auth`,
    token_url: `${issuer}/token`,
    token_endpoint_auth_method: "client_secret_basic",
    authorization_params: { prompt: "consent" },
    scopes: ["openid", "offline_access"],
  });
  const broker = createBroker({
    home: directory,
    version: "0.0.0-test",
    settings: DEFAULT_SERVER_CONFIG,
    encryption: { mode: "local_key", source: "key_file", status: "ok" },
    registrationToken: new Secret("not used"),
    vault,
    changeKeys: () => Promise.reject(new Error("no keys are changed in this test")),
    ownsVault: true,
    catalogue: await ProviderCatalogue.open([definition], {
      read: () => Promise.resolve({ definitions: [], broken: [] }),
      save: () => {},
      remove: () => {},
    }),
    flows,
    now: () => new Date(),
    fetch: trusting.fetch,
    allowHosts: () => {},
    allowProvider: () => {},
    ...way,
    baseUrl: () => "http://127.0.0.1:7998",
    audit: () => {},
    auditTrail: {
      page: () => Promise.resolve({ entries: [], next_cursor: null }),
      newest: () => ({ async *[Symbol.asyncIterator]() {} }),
      verify: () => Promise.reject(new Error("there is no log in this test")),
    },
    warn: () => {},
    probes: {},
    background: (task) => tasks.start(task),
    stopping: tasks.signal,
  });
  return {
    broker,
    async [Symbol.asyncDispose]() {
      await tasks.stop();
      trusting[Symbol.dispose]();
      vault.close();
    },
  };
}
