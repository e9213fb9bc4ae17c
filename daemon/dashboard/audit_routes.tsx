/**
 * The audit log in the browser.
 *
 * @module
 */
import { Hono } from "@hono/hono";
import type { Context } from "@hono/hono";
import type { AuditQuery } from "../../core/api.ts";
import type { Broker } from "../broker/broker.ts";
import type { DashboardEnv } from "../middleware/dashboard_session.ts";
import { type AuditFilters, AuditLogPage, type Verification } from "./audit_page.tsx";
import { goTo, showPage, takeNotice } from "./page_response.ts";

const ENTRIES_PER_PAGE = 50;
const DAY_MS = 24 * 60 * 60 * 1000;

/** The routes. */
export function auditRoutes(broker: Broker): Hono<DashboardEnv> {
  let verification: Verification | null = null;
  return new Hono<DashboardEnv>()
    .get("/ui/audit", async (c) => {
      const session = c.get("session");
      const filters = readFilters(c);
      const cursor = c.req.query("cursor");
      const page = await broker.auditTrail.page(queryOf(filters, cursor));
      return await showPage(
        c,
        <AuditLogPage
          session={session}
          notice={takeNotice(session)}
          filters={filters}
          page={page}
          isLater={cursor !== undefined}
          verification={verification}
          now={broker.now()}
        />,
      );
    })
    .post("/ui/audit/verify", async (c) => {
      const report = await broker.auditTrail.verify();
      verification = { report, at: broker.now().toISOString() };
      return goTo(c, "/ui/audit");
    });
}

function readFilters(c: Context<DashboardEnv>): AuditFilters {
  const given = (name: string) => (c.req.query(name) ?? "").trim().slice(0, 100);
  return {
    event: given("event"),
    provider: given("provider"),
    run: given("run"),
    status: given("status"),
    from: given("from"),
    to: given("to"),
  };
}

/** What is no day is as good as none, and so is what is no cursor of ours. */
function queryOf(
  { event, provider, run, status, from, to }: AuditFilters,
  cursor: string | undefined,
): AuditQuery {
  const query = {
    event,
    provider,
    run,
    status: status === "success" || status === "failure" || status === "denied" ? status : "",
    from: isDay(from) ? `${from}T00:00:00.000Z` : "",
    to: isDay(to) ? new Date(Date.parse(`${to}T00:00:00Z`) + DAY_MS).toISOString() : "",
    cursor: cursor !== undefined && /^[0-9]{1,15}$/.test(cursor) ? cursor : "",
  };
  const given = Object.entries(query).filter(([, value]) => value !== "");
  return { limit: ENTRIES_PER_PAGE, ...Object.fromEntries(given) };
}

function isDay(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`));
}
