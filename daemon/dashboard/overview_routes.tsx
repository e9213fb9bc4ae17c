/**
 * The overview, and ending a run from it.
 *
 * @module
 */
import { Hono } from "@hono/hono";
import type { Broker } from "../broker/broker.ts";
import { findAttention } from "../broker/find_attention.ts";
import { endGrant, getGrant } from "../broker/grant_run.ts";
import type { IdentityClaims } from "../broker/identity_claims.ts";
import { listConnections } from "../broker/list_connections.ts";
import { listRuns } from "../broker/list_runs.ts";
import { RecentActivity } from "../broker/recent_activity.ts";
import type { DashboardEnv } from "../middleware/dashboard_session.ts";
import { endRunAddress } from "./addresses.ts";
import { ConfirmPage } from "./confirm_page.tsx";
import { OverviewPage } from "./overview_page.tsx";
import { good, goTo, showPage, takeNotice } from "./page_response.ts";

const LATEST = 8;

/** The routes. */
export function overviewRoutes(broker: Broker, claims: IdentityClaims): Hono<DashboardEnv> {
  const activity = new RecentActivity(broker);
  return new Hono<DashboardEnv>()
    .get("/ui", (c) => c.redirect("/ui/", 303))
    .get("/ui/", async (c) => {
      const session = c.get("session");
      const [list, grants, latest] = await Promise.all([
        listConnections(broker, session.owner),
        listRuns(broker, session.owner),
        broker.auditTrail.page({ limit: LATEST }),
        activity.update(),
      ]);
      const now = broker.now();
      return await showPage(
        c,
        <OverviewPage
          session={session}
          notice={takeNotice(session)}
          now={now}
          connections={list.connections.reduce((sum, entry) => sum + entry.connections.length, 0)}
          connected_providers={list.connections.length}
          providers={broker.catalogue.all().length}
          claims={claims.waiting()}
          attention={findAttention(list, now)}
          runs={grants.map((grant) => ({ grant, uses: activity.usesOf(grant.id) }))}
          days={activity.days()}
          isCounting={activity.isCounting}
          latest={latest.entries}
        />,
      );
    })
    .get("/ui/runs/:id/end", async (c) => {
      const session = c.get("session");
      const { id, label } = await getGrant(broker, session.owner, c.req.param("id"));
      return await showPage(
        c,
        <ConfirmPage
          session={session}
          place="Overview"
          question={`End the run${label === "" ? "" : ` ${label}`}?`}
          consequences={[
            "From its next request on it goes without credentials. The program itself goes on.",
          ]}
          verb="End it"
          dangerous
          action={endRunAddress(id)}
          back="/ui/"
        />,
      );
    })
    .post("/ui/runs/:id/end", async (c) => {
      const { label, id } = await endGrant(broker, c.get("session").owner, c.req.param("id"));
      return goTo(c, "/ui/", good(`Ended the run ${label === "" ? id : label}`));
    });
}
