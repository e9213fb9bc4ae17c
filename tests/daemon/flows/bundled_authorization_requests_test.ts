import assert from "node:assert/strict";
import type { ProviderDefinition } from "../../../core/provider.ts";
import { flows } from "../../../daemon/flows/mod.ts";
import { bundledProviders } from "../../../providers/mod.ts";
import { REDIRECT_URI } from "../../support/authorization_server.ts";
import { contextWith, loginTo } from "../../support/oauth_provider.ts";
import { typedClient } from "../../support/typed_client.ts";
import documented_requests from "./documented_authorization_requests.json" with { type: "json" };

/**
 * What a provider's documentation says about its authorization request, apart from the definitions,
 * so that the one can be held against the other.
 */
interface DocumentedRequest {
  /** The page that says so. */
  readonly docs: string;
  /**
   * How far that can be believed. `documentation`: read there, apart from what `note` says.
   * `catalogue`: as a second public catalogue of OAuth providers has it. `facts`: written down from
   * the same facts as the definition, which finds what drifts and not what was wrong from the start.
   */
  readonly checked: "documentation" | "catalogue" | "facts";
  readonly note?: string;
  readonly authorize: string;
  /** The scopes as they are joined; left out: the parameter is not sent. */
  readonly scope?: string;
  readonly pkce?: boolean;
  readonly extra?: Readonly<Record<string, string>>;
  /** What the person logs in to, where the provider must be told. */
  readonly base_url?: string;
}

const DOCUMENTED = documented_requests as Readonly<Record<string, DocumentedRequest>>;

/** Those that most people use; their rows were read in the providers' documentation. */
const READ = [
  "asana",
  "atlassian",
  "discord",
  "dropbox",
  "github",
  "gitlab",
  "google",
  "hubspot",
  "linear",
  "microsoft",
  "reddit",
  "salesforce",
  "slack",
  "spotify",
  "stripe-connect",
  "x",
  "zoom",
];
/** Of the same kind, but what was found of the documentation did not reach to the parameters. */
const IN_THE_CATALOGUE = ["notion", "twitch"];

/** A client that a person typed in, or that was registered for this redirect URI before. */
const CLIENT = { ...typedClient("client-1", "secret-1"), redirect_uri: REDIRECT_URI };

const OFFLINE = contextWith(() => Promise.reject(new Error("a request needs no network")));

function throughTheBrowser(provider: ProviderDefinition): boolean {
  return provider.flows.some((flow) => flow === "pkce" || flow === "dcr_pkce");
}

/** The authorization request as URL without query, and its query. */
async function build(provider: ProviderDefinition, base_url: string | null) {
  const flow = provider.flows.find((name) => name === "pkce" || name === "dcr_pkce")!;
  const login = loginTo(provider, {
    base_url,
    client: { ...CLIENT, base_url: base_url ?? provider.base_url?.default ?? null },
  });
  assert.deepEqual(
    flows[flow].inputs(login).filter(({ required }) => required),
    [],
    "nothing is left to ask",
  );
  const step = await flows[flow].begin(login, {}, OFFLINE);
  assert(step.type === "authorize");
  const url = new URL(step.url);
  return { endpoint: url.origin + url.pathname, query: url.searchParams };
}

Deno.test("every bundled provider with a browser login is documented here, and no other", () => {
  const bundled = bundledProviders().filter(throughTheBrowser).map(({ name }) => name).sort();

  assert.deepEqual(bundled, Object.keys(DOCUMENTED).sort());
});

Deno.test("every row says where it is documented, and how far it was checked", () => {
  for (const [name, { docs, checked }] of Object.entries(DOCUMENTED)) {
    assert.match(docs, /^https:\/\/[^/]+\./, name);
    assert(["documentation", "catalogue", "facts"].includes(checked), name);
  }
  for (const name of READ) assert.equal(DOCUMENTED[name]!.checked, "documentation", name);
  for (const name of IN_THE_CATALOGUE) assert.equal(DOCUMENTED[name]!.checked, "catalogue", name);
});

for (const provider of bundledProviders().filter(throughTheBrowser)) {
  Deno.test(`the authorization request of ${provider.name} is as documented`, async () => {
    const documented = DOCUMENTED[provider.name]!;

    const { endpoint, query } = await build(provider, documented.base_url ?? null);

    assert.equal(endpoint, documented.authorize);
    const { state, nonce, code_challenge, ...rest } = Object.fromEntries(query);
    assert.deepEqual(rest, {
      response_type: "code",
      client_id: "client-1",
      redirect_uri: REDIRECT_URI,
      ...(documented.scope === undefined ? {} : { scope: documented.scope }),
      ...(documented.pkce === true ? { code_challenge_method: "S256" } : {}),
      ...documented.extra,
    });
    assert.match(state!, /^[\w-]{43}$/);
    assert.equal(code_challenge !== undefined, documented.pkce === true);
    assert.equal(nonce !== undefined, / ?openid ?/.test(documented.scope ?? ""));
    assert.equal([...query.keys()].length, new Set(query.keys()).size, "no parameter twice");
  });
}
