/**
 * The list of providers and connections.
 *
 * @module
 */
import { Hono } from "@hono/hono";
import type { Broker } from "../broker/broker.ts";
import { findProviders, type FoundProvider, listCategories } from "../broker/find_providers.ts";
import type { DashboardEnv } from "../middleware/dashboard_session.ts";
import { ConnectionsPage, type ProviderRow, SHOWN, type Shown } from "./connections_page.tsx";
import { showPage, takeNotice } from "./page_response.ts";

const ROWS_PER_PAGE = 50;
const MOST_LETTERS = 100;

/** The route. */
export function connectionsRoute(broker: Broker): Hono<DashboardEnv> {
  return new Hono<DashboardEnv>().get("/ui/connections", async (c) => {
    const session = c.get("session");
    const { q = "", show = "all", category = "", page = "1" } = c.req.query();
    const state: Shown = Object.hasOwn(SHOWN, show) ? show as Shown : "all";
    const words = q.slice(0, MOST_LETTERS);
    const found = await findProviders(broker, session.owner, { words, state, category });
    const pages = Math.max(1, Math.ceil(found.length / ROWS_PER_PAGE));
    const number = Math.min(pages, Math.max(1, Number.parseInt(page, 10) || 1));
    const rows = found.slice((number - 1) * ROWS_PER_PAGE, number * ROWS_PER_PAGE).map(rowOf);
    return await showPage(
      c,
      <ConnectionsPage
        session={session}
        notice={takeNotice(session)}
        q={words}
        show={state}
        category={category}
        categories={listCategories(broker)}
        rows={rows}
        found={found.length}
        page={number}
        pages={pages}
      />,
    );
  });
}

function rowOf({ definition, isCustom, connections }: FoundProvider): ProviderRow {
  return {
    name: definition.name,
    display_name: definition.display_name,
    category: definition.category ?? null,
    isCustom,
    isOAuth: definition.auth_type === "oauth2",
    connections,
  };
}
