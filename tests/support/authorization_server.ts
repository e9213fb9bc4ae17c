/**
 * A real authorization server for the tests: `oidc-provider` (certified) over HTTPS on 127.0.0.1,
 * with every flow we speak, and refresh token rotation with reuse detection.
 *
 * @module
 */
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import Provider from "npm:oidc-provider@9.13.3";
import { exportJWK, generateKeyPair } from "@panva/jose";
import { REDIRECT_URI } from "./redirect_uri.ts";
import { createTestCertificate } from "./test_certificate.ts";
import { trustingFetch } from "./trusting_fetch.ts";
import { Visitor } from "./visitor.ts";

export { REDIRECT_URI };

/** A client with a secret that every server knows. Its id holds a dash, as most do. */
export const CONFIDENTIAL = { client_id: "test-app", client_secret: "s3cret/with+odd=characters" };
/** A public client that every server knows. */
export const PUBLIC_CLIENT_ID = "native-app";

/** One request that the server answered. */
export interface ServedRequest {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** A running server. */
export interface AuthorizationServer extends AsyncDisposable {
  readonly issuer: string;
  /** Trusts the server's certificate. */
  readonly fetch: typeof fetch;
  /** Certificate of the authority to trust, PEM. */
  readonly root: string;
  readonly served: readonly ServedRequest[];
  /** Protected resource metadata is answered for this URL (RFC 9728). */
  readonly resource: string;
  /** Opens the authorization URL, logs in, consents; the query that the callback would get. */
  approve(url: string): Promise<URLSearchParams>;
  /** Opens the authorization URL and presses "cancel". */
  deny(url: string): Promise<URLSearchParams>;
  /** Opens the device page with the code in it and confirms. */
  confirmDevice(verification_uri_complete: string): Promise<void>;
  /** A refresh token of a grant of its own, as after a login of {@linkcode CONFIDENTIAL}. */
  issueRefreshToken(): Promise<string>;
  /** From now on answers to this path are made, and kept back until they are released. */
  holdAnswers(path: string): HeldAnswers;
  /** What the server knows of a token (RFC 7662). */
  introspect(
    token: string,
  ): Promise<{ readonly active: boolean; readonly [name: string]: unknown }>;
}

/** Answers that the server has made and not sent. */
export interface HeldAnswers {
  /** Resolves when there is one. */
  readonly arrived: Promise<void>;
  /** Sends them, and all that follow at once. */
  release(): void;
}

/** Settings of one server. */
export interface AuthorizationServerOptions {
  /** Seconds; 3600 when left out. */
  readonly accessTokenLifetime?: number;
}

/** The package ships no types; this much of Koa's context is used. */
interface Context {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  body: unknown;
  readonly oidc?: { readonly params?: Readonly<Record<string, unknown>> };
}

interface Held {
  readonly path: string;
  readonly arrived: PromiseWithResolvers<void>;
  readonly released: PromiseWithResolvers<void>;
}

interface Client {
  grantTypeAllowed(type: string): boolean;
}

/** Starts one on a free port. */
export async function startAuthorizationServer(
  { accessTokenLifetime = 3600 }: AuthorizationServerOptions = {},
): Promise<AuthorizationServer> {
  const { root, certificate, privateKey } = createTestCertificate();
  const server = createServer({ cert: certificate, key: privateKey });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const resource = `${issuer}/mcp`;
  const provider = new Provider(issuer, await configuration(resource, accessTokenLifetime));
  const served: ServedRequest[] = [];
  let held: Held | null = null;
  provider.use(async (context: Context, next: () => Promise<void>) => {
    if (context.path === "/.well-known/oauth-protected-resource/mcp") {
      context.body = { resource, authorization_servers: [issuer], scopes_supported: ["read"] };
    } else await next();
    const { method, path, status } = context;
    served.push({ method, path, status, parameters: { ...context.oidc?.params } });
    if (held?.path === path) {
      held.arrived.resolve();
      await held.released.promise;
    }
  });
  server.on("request", provider.callback());

  const trusting = trustingFetch(root);
  const basic = btoa(
    `${CONFIDENTIAL.client_id}:${encodeURIComponent(CONFIDENTIAL.client_secret)}`,
  );
  return {
    issuer,
    root,
    resource,
    served,
    fetch: trusting.fetch,
    approve: async (url) => (await new Visitor(trusting.fetch).authorize(url, true)).searchParams,
    deny: async (url) => (await new Visitor(trusting.fetch).authorize(url, false)).searchParams,
    confirmDevice: (url) => new Visitor(trusting.fetch).confirmDevice(url),
    holdAnswers(path) {
      const { arrived, released } = held = {
        path,
        arrived: Promise.withResolvers<void>(),
        released: Promise.withResolvers<void>(),
      };
      return { arrived: arrived.promise, release: () => released.resolve() };
    },
    issueRefreshToken: () => issueRefreshToken(provider),
    async introspect(token) {
      const response = await trusting.fetch(`${issuer}/token/introspection`, {
        method: "POST",
        headers: { authorization: `Basic ${basic}` },
        body: new URLSearchParams({ token }),
      });
      return await response.json();
    },
    async [Symbol.asyncDispose]() {
      trusting[Symbol.dispose]();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function issueRefreshToken(provider: Provider): Promise<string> {
  const scope = "openid offline_access";
  const client = await provider.Client.find(CONFIDENTIAL.client_id);
  const grant = new provider.Grant({ accountId: "alice", clientId: CONFIDENTIAL.client_id });
  grant.addOIDCScope(scope);
  const token = new provider.RefreshToken({
    accountId: "alice",
    client,
    grantId: await grant.save(),
    scope,
    gty: "authorization_code",
    authTime: Math.floor(Date.now() / 1000),
  });
  return await token.save();
}

async function configuration(
  resource: string,
  accessTokenLifetime: number,
): Promise<unknown> {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  const grant_types = [
    "authorization_code",
    "refresh_token",
    "urn:ietf:params:oauth:grant-type:device_code",
  ];
  const common = { redirect_uris: [REDIRECT_URI], response_types: ["code" as const] };
  return {
    jwks: { keys: [{ ...await exportJWK(privateKey), alg: "ES256", use: "sig" }] },
    clientDefaults: { id_token_signed_response_alg: "ES256" },
    enabledJWA: { idTokenSigningAlgValues: ["ES256"] },
    clients: [
      {
        ...CONFIDENTIAL,
        ...common,
        grant_types: [...grant_types, "client_credentials"],
        // RFC 8252 section 7.3: then any port of the loopback will do.
        application_type: "native",
      },
      {
        client_id: PUBLIC_CLIENT_ID,
        ...common,
        grant_types,
        application_type: "native",
        token_endpoint_auth_method: "none",
      },
    ],
    scopes: ["openid", "offline_access", "email", "read", "write"],
    claims: { openid: ["sub"], email: ["email"] },
    conformIdTokenClaims: false,
    findAccount: (_context: Context, sub: string) => ({
      accountId: sub,
      claims: () => Promise.resolve({ sub, email: `${sub}@example.test` }),
    }),
    cookies: { keys: [crypto.randomUUID()] },
    issueRefreshToken: (_context: Context, client: Client) =>
      Promise.resolve(client.grantTypeAllowed("refresh_token")),
    // Reuse of a rotated token revokes the whole grant: what a lost refresh costs in real life.
    rotateRefreshToken: true,
    pkce: { required: () => true },
    ttl: {
      AccessToken: accessTokenLifetime,
      ClientCredentials: accessTokenLifetime,
      RefreshToken: 86_400,
      Grant: 86_400,
      Session: 600,
      Interaction: 600,
      DeviceCode: 600,
      IdToken: 600,
    },
    features: {
      devInteractions: { enabled: true },
      deviceFlow: { enabled: true },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      registration: { enabled: true },
      registrationManagement: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: "read write",
          audience: resource,
          accessTokenFormat: "opaque",
        }),
      },
    },
  };
}
