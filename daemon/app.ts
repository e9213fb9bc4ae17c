/**
 * The daemon's HTTP surface: which control stands before which route, in the order a request meets
 * them. Every JSON route answers at `/x` and at `/api/x`.
 *
 * @module
 */
import { Hono } from "@hono/hono";
import { TrieRouter } from "@hono/hono/router/trie-router";
import type { MiddlewareHandler } from "@hono/hono";
import type { Broker } from "./broker/broker.ts";
import { IdentityClaims } from "./broker/identity_claims.ts";
import { loginPageRoutes } from "./dashboard/login_pages.tsx";
import { errorResponse, notFoundResponse } from "./error_response.ts";
import type { Log } from "./log.ts";
import type { ApiEnv } from "./middleware/api_env.ts";
import { awaitConfirmations } from "./middleware/await_confirmations.ts";
import {
  BACKUP_BODY_LIMIT,
  DEFAULT_BODY_LIMIT,
  LARGE_BODY_LIMIT,
  readBody,
} from "./middleware/body_limit.ts";
import { readOwnersBody } from "./middleware/large_body.ts";
import { originGuard, type OwnAddresses, splitTarget } from "./middleware/origin.ts";
import type { DashboardEnv } from "./middleware/dashboard_session.ts";
import { DashboardSessions } from "./middleware/dashboard_sessions.ts";
import { passGate } from "./middleware/pass_gate.ts";
import { type ProofChecks, requireProof } from "./middleware/proof.ts";
import { securityHeaders } from "./middleware/security_headers.ts";
import { apiDocsRoutes } from "./routes/api_docs.ts";
import { auditRoutes } from "./routes/audit.ts";
import { authSessionRoutes } from "./routes/auth_sessions.ts";
import { backupRoutes } from "./routes/backup.ts";
import { connectionsRoutes } from "./routes/connections.ts";
import { dashboardSessionRoute } from "./routes/dashboard_session.ts";
import { credentialRoutes } from "./routes/credentials.ts";
import { grantRoutes } from "./routes/grants.ts";
import { healthRoute, type HealthSource, statusRoutes } from "./routes/health.ts";
import {
  acceptanceRoutes,
  claimRoutes,
  identityRoutes,
  registrationRoute,
} from "./routes/identities.ts";
import { keyRoutes } from "./routes/keys.ts";
import { providerRoutes } from "./routes/providers.ts";
import { proxyRoutesRoutes } from "./routes/proxy_routes.ts";

/** What the app is made of. */
export interface AppParts {
  readonly broker: Broker;
  readonly proofs: ProofChecks;
  readonly health: HealthSource;
  /** Known once the port is. */
  readonly own: () => OwnAddresses;
  readonly log: Log;
}

const JSON_TYPE = "application/json";
const FORM_TYPE = "application/x-www-form-urlencoded";

/** The app. */
export function createApp({ broker, proofs, health, own, log }: AppParts): Hono<ApiEnv> {
  // The one of Hono's routers that takes all our paths; it would find that out by trying the other.
  const app = new Hono<ApiEnv>({ getPath: routePath, router: new TrieRouter() });
  const sessions = new DashboardSessions(broker.now);
  const claims = new IdentityClaims(broker.now);
  app.onError((error, c) => errorResponse(error, log, `${c.req.method} ${c.req.routePath}`));
  app.notFound(() => notFoundResponse());
  app.use(
    securityHeaders(),
    originGuard(own),
    awaitConfirmations(broker.confirmations),
    passGate(broker.gate),
  );
  app.route("/", openRoutes(broker, proofs, health, claims));
  app.use("/ui/*", dashboardPages(broker, sessions, claims));
  app.route("/", provenRoutes(broker, proofs, sessions, claims));
  return app;
}

/** The path that is routed: `/api/x` is `/x`. Proofs are held against the path as it was sent. */
function routePath(request: Request): string {
  const { path } = splitTarget(request.url);
  return path.startsWith("/api/") ? path.slice("/api".length) : path;
}

/** Routes that need no proof, or check one of a key that is not known yet. */
function openRoutes(
  broker: Broker,
  proofs: ProofChecks,
  health: HealthSource,
  claims: IdentityClaims,
): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();
  routes.route("/", healthRoute(health));
  routes.route("/", apiDocsRoutes(health.version));
  routes.use("/auth/sessions/:id/input", readBody(FORM_TYPE, DEFAULT_BODY_LIMIT));
  routes.route("/", loginPageRoutes(broker));
  routes.use("/identities/register", readBody(JSON_TYPE, DEFAULT_BODY_LIMIT));
  routes.route("/", registrationRoute(broker, proofs));
  routes.route("/", claimRoutes(claims, proofs, readBody(JSON_TYPE, DEFAULT_BODY_LIMIT)));
  return routes;
}

/**
 * The dashboard, loaded when somebody looks at it: an idle daemon is small and starts at once. Its
 * controls and its errors are its own, because a person reads them.
 */
function dashboardPages(
  broker: Broker,
  sessions: DashboardSessions,
  claims: IdentityClaims,
): MiddlewareHandler<ApiEnv> {
  let pages: Promise<Hono<DashboardEnv>> | null = null;
  return async (c, next) => {
    if (c.req.path === "/ui/session") return await next();
    pages ??= import("./dashboard/mod.tsx").then((m) =>
      m.dashboardRoutes(broker, sessions, claims)
    );
    return await (await pages).fetch(c.req.raw);
  };
}

/** Routes that answer to a known key alone. */
function provenRoutes(
  broker: Broker,
  proofs: ProofChecks,
  sessions: DashboardSessions,
  claims: IdentityClaims,
): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();
  const small = readBody(JSON_TYPE, DEFAULT_BODY_LIMIT);
  const large = readBody(JSON_TYPE, LARGE_BODY_LIMIT);
  const backup = readOwnersBody(proofs, JSON_TYPE, BACKUP_BODY_LIMIT);
  const readers: Readonly<Record<string, MiddlewareHandler<ApiEnv>>> = {
    "/providers": large,
    "/backup/verify": backup,
    "/backup/restore": backup,
  };
  // Every path that is none of the open ones, known or not: a stranger learns nothing about routes.
  routes.use("*", (c, next) => (readers[c.req.path] ?? small)(c, next));
  routes.use("*", requireProof(proofs, (caller, asked) => broker.usage.refused(caller, asked)));
  routes.route("/", statusRoutes(broker));
  routes.route("/", identityRoutes(broker));
  routes.route("/", acceptanceRoutes(broker, claims));
  routes.route("/", authSessionRoutes(broker));
  routes.route("/", connectionsRoutes(broker));
  routes.route("/", credentialRoutes(broker));
  routes.route("/", providerRoutes(broker));
  routes.route("/", proxyRoutesRoutes(broker));
  routes.route("/", grantRoutes(broker));
  routes.route("/", dashboardSessionRoute(broker, sessions));
  routes.route("/", auditRoutes(broker));
  routes.route("/", backupRoutes(broker));
  routes.route("/", keyRoutes(broker));
  return routes;
}
