/**
 * Settings and doctor.
 *
 * @module
 */
import { Hono } from "@hono/hono";
import type { Broker } from "../broker/broker.ts";
import { readiness } from "../broker/readiness.ts";
import { showIdentities } from "../broker/register_identity.ts";
import { whoAmI } from "../broker/who_am_i.ts";
import type { DashboardEnv } from "../middleware/dashboard_session.ts";
import { showPage, takeNotice } from "./page_response.ts";
import { SettingsPage } from "./settings_page.tsx";

/** The route. */
export function settingsRoute(broker: Broker): Hono<DashboardEnv> {
  return new Hono<DashboardEnv>().get("/ui/settings", async (c) => {
    const session = c.get("session");
    const [ready, { identities }] = await Promise.all([
      readiness(broker, session.owner),
      showIdentities(broker),
    ]);
    return await showPage(
      c,
      <SettingsPage
        session={session}
        notice={takeNotice(session)}
        readiness={ready}
        who={whoAmI(broker, session.owner)}
        identities={identities}
        now={broker.now()}
      />,
    );
  });
}
