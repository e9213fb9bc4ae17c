/**
 * Asks whether another machine is to be let in, and for what.
 *
 * @module
 */
import type { Child } from "@hono/hono/jsx";
import type { IdentityClaim } from "../../core/identity_claim.ts";
import type { DashboardSession } from "../middleware/dashboard_sessions.ts";
import { claimAddress } from "./addresses.ts";
import { Form } from "./form.tsx";
import { Shell } from "./shell.tsx";

/** What the page shows. */
export interface ClaimPageProps {
  readonly session: DashboardSession;
  readonly claim: IdentityClaim;
  readonly fingerprint: string;
  /** What was typed as its logins. */
  readonly only: string;
  /** Why it was not let in just now. */
  readonly problem: string | null;
}

/** The page. */
export function ClaimPage({ session, claim, fingerprint, only, problem }: ClaimPageProps): Child {
  const { code, handle } = claim;
  return (
    <Shell title={`Let ${handle} in?`} place="Overview" session={session}>
      <section class="card narrow">
        <h1>Let {handle} in?</h1>
        <p>
          It is another machine, such as a container. It could run programs with your logins and
          nothing else: not read, export, log in or change.
        </p>
        <dl class="facts">
          <dt>Fingerprint</dt>
          <dd>
            <code class="fingerprint">{fingerprint}</code>
          </dd>
          <dt>Code</dt>
          <dd>
            <code>{code}</code>
          </dd>
        </dl>
        <p>
          Let it in only if the other machine shows the <b>same fingerprint</b>.
        </p>
        {problem === null ? null : (
          <div id="only-problem" class="note problem" role="alert">
            <p>{problem}</p>
          </div>
        )}
        <Form session={session} action={claimAddress(code, "accept")}>
          <label for="only">
            Nothing but these logins <span class="optional">(optional)</span>
          </label>
          <input
            id="only"
            type="text"
            name="only"
            value={only}
            maxlength={2000}
            placeholder="github, openai/work"
            aria-invalid={problem === null ? undefined : "true"}
            aria-describedby={problem === null ? "only-hint" : "only-problem only-hint"}
            autocapitalize="off"
            spellcheck={false}
          />
          <span id="only-hint" class="quiet">Left empty: every login, also later ones</span>
          <div class="actions">
            <button type="submit">Let it in</button>
            <button type="submit" class="danger" formaction={claimAddress(code, "refuse")}>
              Refuse
            </button>
            <a class="button second" href="/ui/">Later</a>
          </div>
        </Form>
      </section>
    </Shell>
  );
}
