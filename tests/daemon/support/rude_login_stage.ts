/**
 * A test daemon with one OAuth provider, `acme`, whose endpoints answer as a test tells them to.
 *
 * @module
 */
import { ok } from "node:assert/strict";
import type { Session } from "../../../core/api.ts";
import { parseProvider } from "../../../core/provider_schema.ts";
import {
  json,
  type RudeAnswer,
  type RudeServer,
  startRudeServer,
} from "../../support/rude_server.ts";
import {
  type Client,
  memoryDefinitions,
  openTestDaemon,
  registerOwner,
  type TestDaemon,
} from "./test_daemon.ts";

/** In every body of a rude answer; must be nowhere else. */
export const LEAK = "leaked-provider-text-7c1e";

/** What a test plays with. */
export interface Stage {
  readonly daemon: TestDaemon;
  readonly owner: Client;
  readonly server: RudeServer;
  /** Begins a login that is past its form. */
  readonly begin: (request?: Record<string, unknown>) => Promise<Session>;
  readonly session: (id: string) => Promise<Session>;
  /** Comes back from the provider; status and text of the page. */
  readonly callback: (query: Record<string, string>) => Promise<readonly [number, string]>;
}

/** A daemon, an owner, and a provider `acme` whose endpoints answer as told. */
export async function onStage(
  answers: Readonly<Record<string, RudeAnswer>>,
  work: (stage: Stage) => Promise<void>,
  more:
    | Readonly<Record<string, unknown>>
    | ((server: RudeServer) => Readonly<Record<string, unknown>>) = {},
): Promise<void> {
  await using server = await startRudeServer(answers);
  const store = memoryDefinitions();
  store.save(parseProvider({
    name: "acme",
    display_name: "Acme",
    auth_type: "oauth2",
    flows: ["pkce", "device_code", "dcr_pkce", "client_credentials"],
    hosts: ["api.acme.test"],
    oauth: {
      authorization_url: `${server.origin}/authorize`,
      token_url: `${server.origin}/token`,
      device_authorization_url: `${server.origin}/device`,
      registration_endpoint: `${server.origin}/register`,
      issuer: server.origin,
      scopes: ["read"],
      ...(typeof more === "function" ? more(server) : more),
    },
    allow_private: true,
  }, { allowPrivate: true }));
  const daemon = await openTestDaemon({ store, fetch: server.fetch });
  try {
    const owner = await registerOwner(daemon);
    const read = (id: string) => owner.json<Session>("GET", `/auth/sessions/${id}`);
    await work({
      daemon,
      owner,
      server,
      session: read,
      async begin(request = {}) {
        const session = await owner.json<Session>("POST", "/auth/sessions", {
          provider: "acme",
          ...request,
        });
        if (session.input_fields.length === 0) return session;
        return await owner.json("POST", `/auth/sessions/${session.id}/resume`, { data: CLIENT });
      },
      async callback(query) {
        const response = await daemon.request(
          `/auth/callback/oauth?${new URLSearchParams(query)}`,
        );
        return [response.status, await response.text()];
      },
    });
    ok(!daemon.log.join().includes(LEAK), "the log holds nothing that the provider said");
  } finally {
    await daemon.stop();
  }
}

/** What a person types into the form. */
export const CLIENT = { client_id: "app-1", client_secret: "the-client-secret" };

/** The `state` of the page that a login sends the browser to. */
export function stateOf(session: Session): string {
  if (session.next_action.type !== "open_url") throw new Error("nothing to open");
  return new URL(session.next_action.url).searchParams.get("state")!;
}

/** A token reply. */
export const tokens = (): Response =>
  json({ access_token: "at-1", token_type: "Bearer", expires_in: 3600 });
