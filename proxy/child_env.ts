/**
 * The environment of the child: the owner's own, without what authsome's secrets live in, and with
 * everything that makes programs of any language use the proxy and trust its certificates.
 *
 * Which variable helps which program was tried one by one; the list is `docs/clients.md`'s. Every
 * value that the owner set already is kept and added to, where the variable allows it.
 *
 * @module
 */
import type { PlaceholderVariable } from "../core/api.ts";
import type { Secret } from "../core/secret.ts";
import { TRUST_STORE_PASSWORD } from "./java_trust_store.ts";
import { CAN_RECOGNISE_PEERS } from "./peer_process.ts";
import { placeholderVariables } from "./placeholders.ts";
import type { TrustFiles } from "./trust_store.ts";

/** What the environment is made of. */
export interface ChildEnvironmentOptions {
  /** The owner's environment. */
  readonly base: Readonly<Record<string, string>>;
  /** With the run's secret. */
  readonly proxyUrl: Secret;
  readonly proxyPort: number;
  readonly trust: TrustFiles;
  /** Of every granted provider. */
  readonly variables: readonly PlaceholderVariable[];
}

/** Authsome's own secrets: they would let the child act as the owner. */
const DROPPED = /^AUTHSOME_(?:(?:NEW_)?MASTER_KEY.*|IDENTITY_PRIVATE_KEY|BACKUP_PASSPHRASE)$/;

const LOOPBACK = ["localhost", "127.0.0.1", "::1"];

/** The child's whole environment. */
export function childEnvironment(options: ChildEnvironmentOptions): Record<string, string> {
  const { base, proxyUrl, proxyPort, trust, variables } = options;
  const kept = Object.fromEntries(Object.entries(base).filter(([name]) => !DROPPED.test(name)));
  return {
    ...kept,
    ...proxyVariables(base, proxyUrl),
    ...trustVariables(base, trust),
    ...nodeVariables(base, trust),
    ...javaVariables(base, proxyPort, trust),
    // Last: a granted provider's variable never keeps its real value.
    ...placeholderVariables(variables),
    AUTHSOME_PROXY_MODE: "true",
  };
}

/**
 * Both spellings: curl reads only `http_proxy`, others only the upper case. aiohttp looks for a
 * WebSocket's proxy under the scheme of the WebSocket alone.
 */
function proxyVariables(
  base: Readonly<Record<string, string>>,
  proxyUrl: Secret,
): Record<string, string> {
  const exceptions = [base["NO_PROXY"], base["no_proxy"]].flatMap((list) =>
    (list ?? "").split(",").map((entry) => entry.trim())
  ).filter((entry) => entry !== "");
  const noProxy = [...new Set([...exceptions, ...LOOPBACK])].join(",");
  const url = proxyUrl.reveal();
  return {
    HTTP_PROXY: url,
    http_proxy: url,
    HTTPS_PROXY: url,
    https_proxy: url,
    WS_PROXY: url,
    ws_proxy: url,
    WSS_PROXY: url,
    wss_proxy: url,
    NO_PROXY: noProxy,
    no_proxy: noProxy,
  };
}

function trustVariables(
  base: Readonly<Record<string, string>>,
  { bundle, authority, wgetrc, curlHome, phpDirectory }: TrustFiles,
): Record<string, string> {
  return {
    SSL_CERT_FILE: bundle,
    CURL_CA_BUNDLE: bundle,
    REQUESTS_CA_BUNDLE: bundle,
    PIP_CERT: bundle,
    GIT_SSL_CAINFO: bundle,
    AWS_CA_BUNDLE: bundle,
    npm_config_cafile: bundle,
    CARGO_HTTP_CAINFO: bundle,
    GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: bundle,
    PERL_LWP_SSL_CA_FILE: bundle,
    HTTPS_CA_FILE: bundle,
    HTTPLIB2_CA_CERTS: bundle,
    CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE: bundle,
    NIX_SSL_CERT_FILE: bundle,
    BUNDLE_SSL_CA_CERT: bundle,
    COMPOSER_CAFILE: bundle,
    // These two add to what is trusted anyway.
    NODE_EXTRA_CA_CERTS: authority,
    DENO_CERT: authority,
    WGETRC: wgetrc,
    CURL_HOME: curlHome,
    // An empty entry stands for PHP's compiled-in directory.
    PHP_INI_SCAN_DIR: `${base["PHP_INI_SCAN_DIR"] ?? ""}:${phpDirectory}`,
  };
}

function nodeVariables(
  base: Readonly<Record<string, string>>,
  { nodeBootstrap }: TrustFiles,
): Record<string, string> {
  // Quoted: a temporary directory may have a space in its name.
  const path = nodeBootstrap.replace(/["\\]/g, "\\$&");
  return {
    NODE_USE_ENV_PROXY: "1",
    NODE_OPTIONS: join(base["NODE_OPTIONS"], `--require="${path}"`),
  };
}

/**
 * Java reads no proxy variable and cannot be told the run's secret. Where its process cannot be
 * recognised either (`peer_process.ts`), it is not sent to a proxy that would turn it away. Where
 * there is no Java there is no store for it, and nothing is set.
 */
function javaVariables(
  base: Readonly<Record<string, string>>,
  port: number,
  { javaStore }: TrustFiles,
): Record<string, string> {
  if (javaStore === null) return {};
  const proxy = [
    "-Dhttp.proxyHost=127.0.0.1",
    `-Dhttp.proxyPort=${port}`,
    "-Dhttps.proxyHost=127.0.0.1",
    `-Dhttps.proxyPort=${port}`,
    "-Dhttp.nonProxyHosts=localhost|127.*|[::1]",
  ];
  return {
    JAVA_TOOL_OPTIONS: join(
      base["JAVA_TOOL_OPTIONS"],
      ...(CAN_RECOGNISE_PEERS ? proxy : []),
      `-Djavax.net.ssl.trustStore=${quoted(javaStore)}`,
      `-Djavax.net.ssl.trustStorePassword=${TRUST_STORE_PASSWORD}`,
    ),
  };
}

/** Java divides the variable at white space, but not inside quotation marks; it knows no escapes. */
function quoted(path: string): string {
  if (!/[\s"']/.test(path)) return path;
  return path.includes('"') ? `'${path}'` : `"${path}"`;
}

function join(before: string | undefined, ...added: readonly string[]): string {
  return [before ?? "", ...added].filter((part) => part !== "").join(" ");
}
