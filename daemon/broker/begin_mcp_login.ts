/**
 * Logs in to a remote MCP server that no definition knows: finds out how, registers it as the owner's
 * own provider, and begins the login. What cannot be begun leaves nothing behind.
 *
 * @module
 */
import type { CreateMcpSessionRequest, Session } from "../../core/api.ts";
import { ProviderExistsError } from "../../core/errors.ts";
import type { ProviderDefinition } from "../../core/provider.ts";
import { beginLogin } from "./begin_login.ts";
import type { Broker } from "./broker.ts";
import type { OwnerCaller } from "./caller.ts";
import { flowContext } from "./flow_context.ts";
import {
  describeMcpServer,
  mcpName,
  mcpResource,
  type McpServer,
  readMcpUrl,
} from "./mcp_definition.ts";
import { registerProvider } from "./register_provider.ts";

/**
 * A new login session, for a provider that is new, too, or was registered by an earlier such login.
 *
 * @throws {InvalidInputError} for an address that cannot be used. @throws {DiscoveryError}
 * @throws {EndpointUnreachableError} @throws {ProviderExistsError} when the name is taken by another.
 * @throws {AuthsomeError} what {@linkcode beginLogin} throws.
 */
export async function beginMcpLogin(
  broker: Broker,
  owner: OwnerCaller,
  { mcp_url, name: wanted, allow_private = false, ...login }: CreateMcpSessionRequest,
): Promise<Session> {
  // What is known was allowed when it was registered; that word is not asked for again.
  const known = findKnown(broker, readMcpUrl(mcp_url, true), wanted);
  if (known !== null) return await beginLogin(broker, owner, { provider: known, ...login });

  const server = readMcpUrl(mcp_url, allow_private);
  const name = wanted ?? mcpName(server);
  const outbound = flowContext(broker, server);
  const definition = await describeMcpServer(name, server, outbound);
  await registerProvider(broker, owner, { definition, allow_private });
  try {
    return await beginLogin(broker, owner, { provider: name, ...login });
  } catch (error) {
    broker.audit({ event: "remove", status: "success", provider: name, identity: owner.identity });
    await broker.catalogue.remove(name);
    broker.changes.publish({ type: "providers" });
    throw error;
  }
}

/**
 * The provider that already stands for the server; null when there is none.
 *
 * @throws {ProviderExistsError} when the name stands for something else: a login never replaces it.
 */
function findKnown(broker: Broker, server: McpServer, wanted: string | undefined): string | null {
  const { catalogue } = broker;
  const resource = mcpResource(server);
  if (wanted === undefined) {
    const all = catalogue.all();
    const same = all.find(({ oauth }) => oauth?.resource === resource) ??
      all.find((definition) => isForServer(definition, server));
    if (same !== undefined) return same.name;
  }
  const name = wanted ?? mcpName(server);
  const existing = catalogue.find(name);
  if (existing === null) return null;
  if (existing.oauth?.resource === resource) return name;
  throw new ProviderExistsError(`Cannot register ${name}: another provider has that name`, {
    provider: name,
    hint: `Choose a name: authsome login --mcp ${resource} --name NAME`,
  });
}

/** Whether a definition is about this very MCP server: many are bundled. */
function isForServer({ category, flows, hosts }: ProviderDefinition, { url }: McpServer): boolean {
  const whole = `${url.host}${url.pathname}`.replace(/\/$/, "");
  return category === "mcp" && flows.includes("dcr_pkce") &&
    hosts.some((rule) => rule.url === url.host || rule.url === whole);
}
