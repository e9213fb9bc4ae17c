/**
 * What `authsome doctor --run` puts in place of the world: an HTTPS API on this machine with an
 * authority of its own, and a daemon that knows one credential for it. The proxy between them is the
 * real one, and neither a login nor a network is needed.
 *
 * @module
 */
import type {
  ConfirmAnswer,
  PlaceholderVariable,
  ProxyEvent,
  ProxyRoute,
  ProxyRoutes,
  ResolvedCredential,
  UsageAnswer,
  UsageReport,
} from "../../core/api.ts";
import { createAuthority } from "../../proxy/certificate_authority.ts";
import type { DaemonAccess } from "../../proxy/daemon_access.ts";
import { LeafCertificates } from "../../proxy/leaf_certificates.ts";

/** Reserved by RFC 6761: no such host can be meant. */
export const TRIAL_HOST = "doctor.authsome.test";

/** A running API. */
export interface TrialApi {
  readonly port: number;
  /** What the proxy must trust to reach it, PEM. */
  readonly authorityPem: string;
  /** First path segments of the requests that came with the credential. */
  readonly reached: ReadonlySet<string>;
  close(): Promise<void>;
}

/** Starts the API; it answers 200 to whoever brings `token`, and 401 to all others. */
export function startTrialApi(token: string): TrialApi {
  const authority = createAuthority({ hosts: [TRIAL_HOST] });
  const leaf = new LeafCertificates(authority).issue([TRIAL_HOST]);
  const reached = new Set<string>();
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    cert: leaf.certificatePem,
    key: leaf.keyPem,
    onListen() {},
    onError: () => new Response(null, { status: 500 }),
  }, (request) => {
    if (request.headers.get("authorization") !== `Bearer ${token}`) {
      return new Response("no credential", { status: 401 });
    }
    const { pathname, searchParams } = new URL(request.url);
    reached.add(decodeURIComponent(pathname.split("/")[1]!));
    const isGit = searchParams.get("service") === "git-upload-pack";
    return isGit ? emptyRepository() : new Response("ok\n");
  });
  return {
    port: server.addr.port,
    authorityPem: authority.certificatePem,
    reached,
    close: () => server.shutdown(),
  };
}

/** The references of a repository without any (gitprotocol-http(5)). */
function emptyRepository(): Response {
  const line = `${"0".repeat(40)} capabilities^{}\0agent=authsome\n`;
  const length = (line.length + 4).toString(16).padStart(4, "0");
  return new Response(`001e# service=git-upload-pack\n0000${length}${line}0000`, {
    headers: { "content-type": "application/x-git-upload-pack-advertisement" },
  });
}

const REF = { provider: "doctor", connection: "trial" } as const;

const ROUTE: ProxyRoute = {
  ...REF,
  host: TRIAL_HOST,
  port: null,
  path: "",
  api_url: TRIAL_HOST,
  rule: 0,
  default_since: null,
  auth_endpoints: [],
  auth_endpoint_paths: [],
  allow_private: false,
  allow_plain: false,
};

const VARIABLE: PlaceholderVariable = {
  ...REF,
  name: "AUTHSOME_DOCTOR_TOKEN",
  field: "access_token",
  pattern: null,
  value: null,
};

/** What a run with the one login would be told. */
export const TRIAL_ROUTES: ProxyRoutes = {
  routes: [ROUTE],
  environment: [VARIABLE],
  known_hosts: [TRIAL_HOST],
  revision: 1,
};

/** A daemon that hands out `token` for the API. */
export function trialDaemon(token: string): DaemonAccess {
  const credential: ResolvedCredential = {
    ...REF,
    injections: [{ type: "header", name: "Authorization", value: `Bearer ${token}` }],
    headers: {},
    obtained_at: "2026-03-01T12:00:00.000Z",
    expires_at: null,
    refreshable: false,
    source: "local",
  };
  const current = {
    proxyRoutes: () => Promise.resolve(TRIAL_ROUTES),
    confirmChanges: (): Promise<ConfirmAnswer> => Promise.resolve({ status: "ok" }),
    async *proxyEvents(signal: AbortSignal): AsyncGenerator<ProxyEvent> {
      yield { type: "change", revision: TRIAL_ROUTES.revision };
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    },
    resolveCredential: () => Promise.resolve(credential),
    reportUsage: ({ uses, denials }: UsageReport): Promise<UsageAnswer> =>
      Promise.resolve({ status: "ok", accepted: uses.length + denials.length, refused: 0 }),
  };
  return { current, port: null, revive: () => Promise.resolve() };
}
