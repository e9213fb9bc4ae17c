/**
 * Settings and doctor.
 *
 * @module
 */
import { Hono } from "@hono/hono";
import type { Child } from "@hono/hono/jsx";
import type { Broker } from "../broker/broker.ts";
import type { OwnerCaller } from "../broker/caller.ts";
import { readiness } from "../broker/readiness.ts";
import { showIdentities } from "../broker/register_identity.ts";
import { whoAmI } from "../broker/who_am_i.ts";
import type { DashboardEnv } from "../middleware/dashboard_session.ts";
import { DoctorCard, NoDoctorCard } from "./doctor_card.tsx";
import { LATER, showPageInParts, takeNotice } from "./page_response.ts";
import { SettingsPage } from "./settings_page.tsx";

/** The route. */
export function settingsRoute(broker: Broker): Hono<DashboardEnv> {
  return new Hono<DashboardEnv>().get("/ui/settings", async (c) => {
    const session = c.get("session");
    const { identities } = await showIdentities(broker);
    return await showPageInParts(
      c,
      <SettingsPage
        session={session}
        notice={takeNotice(session)}
        doctor={LATER}
        who={whoAmI(broker, session.owner)}
        identities={identities}
        now={broker.now()}
      />,
      () => examine(broker, session.owner),
    );
  });
}

/** Every record of the vault is opened for this: with a thousand of them it takes a moment. */
async function examine(broker: Broker, owner: OwnerCaller): Promise<Child> {
  try {
    return <DoctorCard readiness={await readiness(broker, owner)} />;
  } catch (error) {
    broker.warn("Cannot finish the checks of the settings page", error);
    return <NoDoctorCard />;
  }
}
