/**
 * What is done to one connection: made the default, disconnected, its secret shown. Each is asked
 * first, on a page of its own.
 *
 * @module
 */
import { Hono } from "@hono/hono";
import type { ConnectionDetail } from "../../core/api.ts";
import { type ConnectionRef, showRef } from "../../core/connection.ts";
import type { Broker } from "../broker/broker.ts";
import { showConnection } from "../broker/list_connections.ts";
import { logOut } from "../broker/log_out.ts";
import { setDefault } from "../broker/set_default.ts";
import type { DashboardEnv } from "../middleware/dashboard_session.ts";
import { type ConnectionAction, connectionAddress, providerAddress } from "./addresses.ts";
import { ConfirmPage } from "./confirm_page.tsx";
import { good, goTo, showPage } from "./page_response.ts";
import { SecretPage } from "./secret_page.tsx";

interface Question {
  readonly question: (ref: string) => string;
  readonly consequences: readonly string[];
  readonly verb: string;
  readonly dangerous: boolean;
}

const QUESTIONS: Readonly<Record<ConnectionAction, Question>> = {
  default: {
    question: (ref) => `Make ${ref} the default?`,
    consequences: ["It is used when none is named. Runs that go on follow at once."],
    verb: "Make default",
    dangerous: false,
  },
  disconnect: {
    question: (ref) => `Disconnect ${ref}?`,
    consequences: [
      "What is kept of it here goes, and runs go on without it. The provider is not told; to have " +
      "it take the tokens back, revoke instead.",
    ],
    verb: "Disconnect",
    dangerous: true,
  },
  show: {
    question: (ref) => `Show the secret of ${ref}?`,
    consequences: [
      "Whoever sees your screen sees it, too. That it was shown is written into the audit log.",
    ],
    verb: "Show it",
    dangerous: false,
  },
};

/** The routes. */
export function connectionRoutes(broker: Broker): Hono<DashboardEnv> {
  return new Hono<DashboardEnv>()
    .get("/ui/apps/:provider/:connection/:action", async (c, next) => {
      const { action, ...ref } = c.req.param();
      if (!Object.hasOwn(QUESTIONS, action)) return await next();
      const session = c.get("session");
      // Not for what it holds: a connection that is not there cannot be asked about.
      await showConnection(broker, session.owner, ref, false);
      const { question, ...asked } = QUESTIONS[action as ConnectionAction];
      return await showPage(
        c,
        <ConfirmPage
          session={session}
          place="Connections"
          question={question(showRef(ref))}
          {...asked}
          action={connectionAddress(ref, action as ConnectionAction)}
          back={providerAddress(ref.provider)}
        />,
      );
    })
    .post("/ui/apps/:provider/:connection/default", async (c) => {
      const ref = c.req.param();
      await setDefault(broker, c.get("session").owner, ref);
      return goTo(c, providerAddress(ref.provider), good(`${showRef(ref)} is the default now`));
    })
    .post("/ui/apps/:provider/:connection/disconnect", async (c) => {
      const ref = c.req.param();
      await logOut(broker, c.get("session").owner, ref);
      return goTo(c, providerAddress(ref.provider), good(`Disconnected ${showRef(ref)}`));
    })
    .post("/ui/apps/:provider/:connection/show", async (c) => {
      const session = c.get("session");
      const ref: ConnectionRef = c.req.param();
      const secrets = secretsOf(await showConnection(broker, session.owner, ref, true));
      return await showPage(
        c,
        <SecretPage session={session} connection={ref} secrets={secrets} />,
      );
    });
}

/** A refresh token is of use to nobody but the daemon: not even its owner gets it on a page. */
function secretsOf(
  { access_token, api_key, credentials }: ConnectionDetail,
): readonly (readonly [string, string])[] {
  return Object.entries({ access_token, api_key, ...credentials })
    .filter((entry): entry is [string, string] => entry[1] !== null);
}
