/**
 * The operation that opens the dashboard. Its pages are for people: they are no part of the API.
 *
 * @module
 */
import { dashboardLink } from "./answer_schema.ts";
import type { Operation } from "./operation.ts";

/** The way in. */
export const DASHBOARD_OPERATIONS: readonly Operation[] = [
  {
    id: "createDashboardLink",
    method: "POST",
    path: "/ui/session",
    tag: "Dashboard",
    summary: "A link that opens the dashboard in a browser",
    description: "The link works once and for 60 seconds. The browser that follows it gets a " +
      "session of its own: 8 hours at most, one hour without use.",
    caller: "owner",
    answer: {
      status: 200,
      type: "application/json",
      description: "The link",
      name: "DashboardLink",
      schema: dashboardLink,
      example: {
        url: "http://127.0.0.1:7998/ui/enter?token=" + "4f1d7c2a9b8e6305".repeat(4),
        expires_at: "2026-03-01T12:01:00.000Z",
      },
    },
    errors: [],
  },
];
