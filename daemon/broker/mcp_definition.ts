/**
 * A provider definition for a remote MCP server, made from what the server says of itself: protected
 * resource metadata (RFC 9728) and the metadata of its authorization server (RFC 8414).
 *
 * Endpoints are not written down: every login finds them anew, so that a server may move.
 *
 * @module
 */
import { DiscoveryError, InvalidInputError } from "../../core/errors.ts";
import { isPrivateName } from "../../core/host_pattern.ts";
import type { ProviderFile } from "../../core/provider_file.ts";
import { discoverResource, discoverServer, type ServerMetadata } from "../oauth/discovery.ts";
import type { Outbound } from "../oauth/outbound.ts";

/** A server as the person named it. */
export interface McpServer {
  /** https, without query. */
  readonly url: URL;
  readonly allow_private: boolean;
}

/**
 * The address of an MCP server.
 *
 * @throws {InvalidInputError} when it is not https, holds a user or a fragment, or is private while
 * nobody allowed that.
 */
export function readMcpUrl(text: string, allow_private: boolean): McpServer {
  const fail = (message: string, hint?: string) =>
    new InvalidInputError(`Cannot log in to this MCP server: ${message}`, {
      issues: [{ path: "mcp_url", message }],
      hint,
    });
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null) throw fail("its address is not a URL", "Give it whole: https://HOST/PATH");
  if (url.protocol !== "https:") throw fail("its address is not https");
  if (url.username !== "" || url.password !== "" || url.hash !== "") {
    throw fail("its address holds a user or a fragment");
  }
  if (isPrivateName(url.hostname) && !allow_private) {
    throw fail("it is on a private network", "If it is yours, add --allow-private");
  }
  // RFC 8707 section 2: a resource has no query unless it must.
  url.search = "";
  return { url, allow_private };
}

/** A name for it when the person gives none: its host. */
export function mcpName({ url }: McpServer): string {
  return url.hostname.replace(/^\[|\]$/g, "").replaceAll(":", "-").slice(0, 64);
}

/** How the definition names the server, and how it is recognised again. */
export function mcpResource({ url }: McpServer): string {
  return url.pathname === "/" ? url.origin : `${url.origin}${url.pathname}`;
}

/**
 * The definition.
 *
 * @throws {DiscoveryError} when the server does not say how to log in, or not in a way we can follow.
 * @throws {EndpointUnreachableError}
 */
export async function describeMcpServer(
  name: string,
  server: McpServer,
  outbound: Outbound,
): Promise<ProviderFile> {
  const resource = mcpResource(server);
  const metadata = await findServer(name, server, outbound);
  const registers = metadata.registration_endpoint !== null;
  return {
    schema_version: 1,
    name,
    display_name: name,
    category: "mcp",
    auth_type: "oauth2",
    // Without registration the person brings a client of their own.
    flows: registers ? ["dcr_pkce", "pkce"] : ["pkce"],
    hosts: [resource.replace(/^https:\/\//, "")],
    oauth: { resource, ...(registers ? { token_endpoint_auth_method: "none" as const } : {}) },
    ...(server.allow_private ? { allow_private: true } : {}),
  };
}

async function findServer(
  name: string,
  { url, allow_private }: McpServer,
  outbound: Outbound,
): Promise<ServerMetadata> {
  const fail = (problem: string, cause?: unknown) =>
    new DiscoveryError(`Cannot log in to ${url.host}: ${problem}`, {
      provider: name,
      operation: "discovery",
      hint: "Check the address: an MCP server that uses OAuth says where to log in",
      cause,
    });
  const discoverer = { name: url.host, allow_private };
  let metadata: ServerMetadata;
  try {
    const found = await discoverResource(url.href, discoverer, outbound);
    // MCP before 2025-06-18: the server is its own authorization server.
    const issuer = found?.authorization_servers[0] ?? url.origin;
    metadata = await discoverServer(issuer, discoverer, outbound);
  } catch (error) {
    if (!(error instanceof DiscoveryError)) throw error;
    throw fail(error.message.replace(/^[^:]*: /, ""), error);
  }
  if (metadata.authorization_endpoint === null || metadata.token_endpoint === null) {
    throw fail("its authorization server names no endpoints to log in at");
  }
  // MCP authorization: without S256 a client must not go on.
  const methods = metadata.code_challenge_methods_supported;
  if (methods !== null && !methods.includes("S256")) {
    throw fail("its authorization server does not take PKCE with S256");
  }
  return metadata;
}
