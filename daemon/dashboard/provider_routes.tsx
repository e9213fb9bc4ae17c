/**
 * A provider's page; connecting, revoking, removing.
 *
 * @module
 */
import { Hono } from "@hono/hono";
import type { CreateSessionRequest } from "../../core/api.ts";
import type { Flow } from "../../core/provider.ts";
import { beginLogin } from "../broker/begin_login.ts";
import type { Broker } from "../broker/broker.ts";
import { showProvider } from "../broker/describe_providers.ts";
import { listConnectionsOf } from "../broker/list_connections.ts";
import { refreshStates } from "../broker/refresh_states.ts";
import { removeProvider } from "../broker/remove_provider.ts";
import { revokeProvider } from "../broker/revoke_provider.ts";
import type { DashboardEnv } from "../middleware/dashboard_session.ts";
import { providerAddress } from "./addresses.ts";
import { ConfirmPage } from "./confirm_page.tsx";
import { good, goTo, showPage, takeNotice } from "./page_response.ts";
import { MOST_CARDS, ProviderPage } from "./provider_page.tsx";

/** The routes. */
export function providerRoutes(broker: Broker): Hono<DashboardEnv> {
  return new Hono<DashboardEnv>()
    .get("/ui/apps/:provider", async (c) => {
      const session = c.get("session");
      const provider = showProvider(broker, c.req.param("provider"));
      const connections = await listConnectionsOf(broker, session.owner, provider.name);
      const shown = connections.slice(0, MOST_CARDS);
      return await showPage(
        c,
        <ProviderPage
          session={session}
          notice={takeNotice(session)}
          provider={provider}
          connections={connections}
          refreshes={await refreshStates(broker, session.owner, provider.name, shown)}
          now={broker.now()}
        />,
      );
    })
    .post("/ui/apps/:provider/connect", async (c) => {
      const { name } = showProvider(broker, c.req.param("provider"));
      const page = providerAddress(name);
      const request = readConnectForm(name, c.get("form"));
      const login = await beginLogin(broker, c.get("session").owner, request, { return_to: page });
      if (login.next_action.type === "open_url") return c.redirect(login.next_action.url, 303);
      return goTo(c, page, good(login.message ?? `Connected ${name}/${login.connection}`));
    })
    .get("/ui/apps/:provider/revoke", async (c) => {
      const { name, display_name } = showProvider(broker, c.req.param("provider"));
      return await showPage(
        c,
        <ConfirmPage
          session={c.get("session")}
          place="Connections"
          question={`Revoke everything of ${display_name}?`}
          consequences={[
            "Every connection of it is taken out of use at once, the provider is told to take its " +
            "tokens back, and what is kept of them here goes. Runs go on without them.",
          ]}
          verb="Revoke everything"
          dangerous
          action={providerAddress(name, "revoke")}
          back={providerAddress(name)}
        />,
      );
    })
    .post("/ui/apps/:provider/revoke", async (c) => {
      const name = c.req.param("provider");
      const { connections, outcomes } = await revokeProvider(broker, c.get("session").owner, name);
      const details = outcomes.filter(({ outcome }) => outcome !== "revoked").map((entry) =>
        `${entry.connection}, ${entry.token}: ${entry.outcome.replaceAll("_", " ")}` +
        (entry.detail === null ? "" : ` (${entry.detail})`)
      );
      const count = `${connections} ${connections === 1 ? "connection" : "connections"}`;
      return goTo(c, providerAddress(name), good(`Revoked and forgot ${count}`, details));
    })
    .get("/ui/apps/:provider/remove", async (c) => {
      const { name, display_name, overrides_bundled } = showProvider(
        broker,
        c.req.param("provider"),
      );
      return await showPage(
        c,
        <ConfirmPage
          session={c.get("session")}
          place="Connections"
          question={`${overrides_bundled ? "Reset" : "Remove"} the definition of ${display_name}?`}
          consequences={[
            "Its connections are revoked and forgotten first, the OAuth client that is kept for it too.",
            overrides_bundled
              ? "After that the bundled definition shows again."
              : "After that the provider is no longer known here.",
          ]}
          verb={overrides_bundled ? "Reset it" : "Remove it"}
          dangerous
          action={providerAddress(name, "remove")}
          back={providerAddress(name)}
        />,
      );
    })
    .post("/ui/apps/:provider/remove", async (c) => {
      const name = c.req.param("provider");
      const { action, warnings } = await removeProvider(broker, c.get("session").owner, name);
      return goTo(c, "/ui/connections", good(`The definition of ${name} was ${action}`, warnings));
    });
}

/** What is typed is judged by the verb; empty fields are as good as none. */
function readConnectForm(provider: string, form: URLSearchParams): CreateSessionRequest {
  const given = (name: string) => form.get(name)?.trim() || undefined;
  const scopes = given("scopes")?.split(/[\s,]+/).filter((scope) => scope !== "");
  return {
    provider,
    connection: given("connection"),
    flow: given("flow") as Flow | undefined,
    scopes,
    force: form.has("force"),
  };
}
