/**
 * Letting other machines in, keeping them out, and taking back that one was let in.
 *
 * @module
 */
import { Hono } from "@hono/hono";
import type { Context } from "@hono/hono";
import { AuthsomeError, InvalidInputError, NotFoundError } from "../../core/errors.ts";
import { type GrantScope, readScope, showLetInFor } from "../../core/grant.ts";
import { fingerprintOf } from "../../core/identity_claim.ts";
import type { Broker } from "../broker/broker.ts";
import { acceptClaim, refuseClaim, takeAccessAway } from "../broker/claim_identity.ts";
import type { IdentityClaims } from "../broker/identity_claims.ts";
import { showIdentities } from "../broker/register_identity.ts";
import type { DashboardEnv } from "../middleware/dashboard_session.ts";
import { removeProfileAddress } from "./addresses.ts";
import { ClaimPage } from "./claim_page.tsx";
import { ConfirmPage } from "./confirm_page.tsx";
import { good, goTo, showPage } from "./page_response.ts";

/** The routes. */
export function machineRoutes(broker: Broker, claims: IdentityClaims): Hono<DashboardEnv> {
  return new Hono<DashboardEnv>()
    .get("/ui/claims/:code", (c) => showClaim(c, claims, c.req.param("code")))
    .post("/ui/claims/:code/accept", async (c) => {
      const code = c.req.param("code");
      const { handle } = claims.find(code);
      try {
        const only = readOnly(c.get("form").get("only") ?? "");
        await acceptClaim(broker, claims, c.get("session").owner, code, only);
        const text = `${handle} may run programs with ${showLetInFor(only)}`;
        return goTo(c, "/ui/settings", good(text));
      } catch (error) {
        if (!(error instanceof AuthsomeError)) throw error;
        return await showClaim(c, claims, code, error);
      }
    })
    .post("/ui/claims/:code/refuse", (c) => {
      const { handle } = refuseClaim(broker, claims, c.get("session").owner, c.req.param("code"));
      return goTo(c, "/ui/", good(`${handle} stays out`));
    })
    .get("/ui/profiles/:handle/remove", async (c) => {
      const handle = c.req.param("handle");
      const { identities } = await showIdentities(broker);
      if (!identities.some((one) => one.handle === handle && one.access === "run")) {
        throw new NotFoundError(`Cannot remove ${handle}: no such machine was let in`);
      }
      return await showPage(
        c,
        <ConfirmPage
          session={c.get("session")}
          place="Settings"
          question={`Take ${handle}'s access away?`}
          consequences={[
            "Its runs end, and from the next request on it goes without credentials. It can ask " +
            "to be let in again.",
          ]}
          verb="Take it away"
          dangerous
          action={removeProfileAddress(handle)}
          back="/ui/settings"
        />,
      );
    })
    .post("/ui/profiles/:handle/remove", async (c) => {
      const { owner } = c.get("session");
      const { handle, runs_ended } = await takeAccessAway(broker, owner, c.req.param("handle"));
      const runs = runs_ended === 0 ? "" : ` and ended its runs (${runs_ended})`;
      return goTo(c, "/ui/settings", good(`Took ${handle}'s access away${runs}`));
    });
}

/** Asks; `error`: why the last answer was not taken. @throws {InvalidInputError} for no claim. */
async function showClaim(
  c: Context<DashboardEnv>,
  claims: IdentityClaims,
  code: string,
  error?: AuthsomeError,
): Promise<Response> {
  const claim = claims.find(code);
  const page = (
    <ClaimPage
      session={c.get("session")}
      claim={claim}
      fingerprint={await fingerprintOf(claim.did)}
      only={c.get("form").get("only") ?? ""}
      problem={error?.message ?? null}
    />
  );
  return await showPage(c, page, error === undefined ? 200 : 422);
}

/** `github, openai/work`; null where nothing was typed: every login. @throws {InvalidInputError} */
function readOnly(text: string): readonly GrantScope[] | null {
  if (text.trim() === "") return null;
  return text.split(",").map((entry) => {
    const scope = readScope(entry);
    if (scope !== null) return scope;
    throw new InvalidInputError(
      `Cannot let it in: ${JSON.stringify(entry.trim())} is neither a provider nor one of its ` +
        "connections, such as openai/work",
    );
  });
}
