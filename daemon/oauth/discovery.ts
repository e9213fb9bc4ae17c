/**
 * Finding a provider's endpoints: authorization server metadata (RFC 8414, OpenID Connect Discovery
 * 1.0) and protected resource metadata (RFC 9728), which names the authorization server of an MCP
 * server, say.
 *
 * Not implemented: signed metadata (RFC 8414 section 2.1, RFC 9728 section 2.2).
 *
 * @module
 */
import { customFetch, discoveryRequest } from "oauth4webapi";
import { DiscoveryError } from "../../core/errors.ts";
import type { ProviderDefinition } from "../../core/provider.ts";
import { isEndpoint } from "./endpoints.ts";
import { guardedFetch, type Outbound } from "./outbound.ts";
import { readFields, type ReplyFields } from "./reply_fields.ts";

/** An authorization server's metadata, as far as we use it (RFC 8414 section 2). */
export interface ServerMetadata {
  readonly issuer: string;
  readonly authorization_endpoint: string | null;
  readonly token_endpoint: string | null;
  readonly registration_endpoint: string | null;
  readonly revocation_endpoint: string | null;
  readonly device_authorization_endpoint: string | null;
  readonly userinfo_endpoint: string | null;
  /** null: not said. */
  readonly scopes_supported: readonly string[] | null;
  readonly code_challenge_methods_supported: readonly string[] | null;
  readonly token_endpoint_auth_methods_supported: readonly string[] | null;
  /** RFC 9207: every authorization response carries `iss`. */
  readonly authorization_response_iss_parameter_supported: boolean;
}

/** A protected resource's metadata, as far as we use it (RFC 9728 section 2). */
export interface ResourceMetadata {
  readonly resource: string;
  readonly authorization_servers: readonly string[];
  readonly scopes_supported: readonly string[] | null;
}

/** Whose discovery it is, for messages and for what hosts may be reached. */
type Discoverer = Pick<ProviderDefinition, "name" | "allow_private">;

/**
 * Reads the metadata of the authorization server that calls itself `issuer`.
 *
 * @throws {DiscoveryError} when there is none, it names another issuer, or an endpoint is not https.
 * @throws {EndpointUnreachableError}
 */
export async function discoverServer(
  issuer: string,
  provider: Discoverer,
  outbound: Outbound,
): Promise<ServerMetadata> {
  const url = await allow(issuer, provider, outbound);
  for (const algorithm of ["oauth2", "oidc"] as const) {
    const response = await discoveryRequest(url, {
      algorithm,
      [customFetch]: guardedFetch(outbound),
    });
    const fields = await readMetadata(response);
    if (fields === null) continue;
    return await readServerMetadata(fields, url, provider, outbound);
  }
  throw failure(provider, `${url.origin} has no authorization server metadata`);
}

/**
 * Reads the metadata of a protected resource: at its well-known places, then where a request
 * without a token is told to look (RFC 9728 section 5.1). null when the resource has none.
 *
 * @throws {DiscoveryError} when the metadata is for another resource.
 * @throws {EndpointUnreachableError}
 */
export async function discoverResource(
  resource: string,
  provider: Discoverer,
  outbound: Outbound,
): Promise<ResourceMetadata | null> {
  const url = await allow(resource, provider, outbound);
  const path = url.pathname === "/" ? "" : url.pathname;
  const wellKnown = `${url.origin}/.well-known/oauth-protected-resource`;
  const places = path === "" ? [wellKnown] : [`${wellKnown}${path}`, wellKnown];
  for (const place of places) {
    const fields = await getMetadata(place, outbound);
    if (fields !== null) return readResourceMetadata(fields, url, provider);
  }
  const pointer = await challengePointer(url, outbound);
  if (pointer === null || !isEndpoint(pointer, provider)) return null;
  await outbound.allowHosts?.([new URL(pointer).host]);
  const fields = await getMetadata(pointer, outbound);
  return fields === null ? null : readResourceMetadata(fields, url, provider);
}

/** The URL, known to the relay; a definition named it, or metadata that was checked. */
async function allow(text: string, provider: Discoverer, outbound: Outbound): Promise<URL> {
  if (!isEndpoint(text, provider)) {
    throw failure(provider, "an address that is not a public https URL");
  }
  const url = new URL(text);
  await outbound.allowHosts?.([url.host]);
  return url;
}

async function getMetadata(url: string, outbound: Outbound): Promise<ReplyFields | null> {
  return await readMetadata(
    await guardedFetch(outbound)(url, { headers: { accept: "application/json" } }),
  );
}

async function readMetadata(response: Response): Promise<ReplyFields | null> {
  if (response.status !== 200) return null;
  return readFields(await response.text(), "application/json");
}

async function readServerMetadata(
  fields: ReplyFields,
  expected: URL,
  provider: Discoverer,
  outbound: Outbound,
): Promise<ServerMetadata> {
  const issuer = fields["issuer"];
  // RFC 8414 section 3.3: metadata of another issuer must not be used; it may be an attacker's.
  if (
    typeof issuer !== "string" || !URL.canParse(issuer) || new URL(issuer).href !== expected.href
  ) {
    throw failure(provider, `the metadata at ${expected.origin} is for another issuer`);
  }
  const endpoint = (name: string): string | null => {
    const value = fields[name];
    if (value === undefined || value === null) return null;
    if (!isEndpoint(value, provider)) {
      throw failure(provider, `${name} in the metadata of ${expected.origin} is not https`);
    }
    return value;
  };
  const metadata: ServerMetadata = {
    issuer,
    authorization_endpoint: endpoint("authorization_endpoint"),
    token_endpoint: endpoint("token_endpoint"),
    registration_endpoint: endpoint("registration_endpoint"),
    revocation_endpoint: endpoint("revocation_endpoint"),
    device_authorization_endpoint: endpoint("device_authorization_endpoint"),
    userinfo_endpoint: endpoint("userinfo_endpoint"),
    scopes_supported: texts(fields["scopes_supported"]),
    code_challenge_methods_supported: texts(fields["code_challenge_methods_supported"]),
    token_endpoint_auth_methods_supported: texts(fields["token_endpoint_auth_methods_supported"]),
    authorization_response_iss_parameter_supported:
      fields["authorization_response_iss_parameter_supported"] === true,
  };
  const { token_endpoint, registration_endpoint, revocation_endpoint, userinfo_endpoint } =
    metadata;
  const called = [
    token_endpoint,
    registration_endpoint,
    revocation_endpoint,
    userinfo_endpoint,
    metadata.device_authorization_endpoint,
  ].filter((url) => url !== null);
  await outbound.allowHosts?.([...new Set(called.map((url) => new URL(url).host))]);
  return metadata;
}

function readResourceMetadata(
  fields: ReplyFields,
  asked: URL,
  provider: Discoverer,
): ResourceMetadata {
  const resource = fields["resource"];
  if (typeof resource !== "string" || !isEndpoint(resource, provider) || !covers(resource, asked)) {
    throw failure(provider, `the metadata at ${asked.origin} is for another resource`);
  }
  return {
    resource,
    authorization_servers: texts(fields["authorization_servers"]) ?? [],
    scopes_supported: texts(fields["scopes_supported"]),
  };
}

/**
 * RFC 9728 section 3.3 wants the very same identifier; servers in the wild name their root or the
 * path below it. Within one origin that gives nobody anything, and another origin never passes.
 */
function covers(resource: string, asked: URL): boolean {
  const { origin, pathname } = new URL(resource);
  const [a, b] = [pathname, asked.pathname].map((path) => path.endsWith("/") ? path : `${path}/`);
  return origin === asked.origin && (a!.startsWith(b!) || b!.startsWith(a!));
}

/** `resource_metadata` of the challenge that a request without a token is answered with. */
async function challengePointer(resource: URL, outbound: Outbound): Promise<string | null> {
  const response = await guardedFetch(outbound)(resource.href, { method: "GET", headers: {} });
  const challenge = response.headers.get("www-authenticate") ?? "";
  return /\bresource_metadata="([^"\s]{1,2048})"/i.exec(challenge)?.[1] ?? null;
}

function texts(value: unknown): readonly string[] | null {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : null;
}

function failure(provider: Discoverer, problem: string): DiscoveryError {
  return new DiscoveryError(`Cannot find the endpoints of ${provider.name}: ${problem}`, {
    provider: provider.name,
    operation: "discovery",
    hint: `Run: authsome inspect ${provider.name}`,
  });
}
