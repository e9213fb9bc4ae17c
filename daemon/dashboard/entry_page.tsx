/**
 * Before and after a session: coming in, being a stranger, having left, and what went wrong.
 *
 * @module
 */
import type { Child } from "@hono/hono/jsx";
import { PlainShell } from "./shell.tsx";

/**
 * The session has begun; this page leads on. Not a redirect: the cookie is `SameSite=Strict`, and a
 * browser that came by a link on another site's page would not send it along with one.
 */
export function WelcomePage(): Child {
  return (
    <PlainShell title="Opening the dashboard" refresh={{ seconds: 0, to: "/ui/" }}>
      <p>
        <a class="button" href="/ui/">Go on</a>
      </p>
    </PlainShell>
  );
}

/** Nobody comes in without a link. */
export function StrangerPage({ title, text }: { title: string; text: string }): Child {
  return (
    <PlainShell title={title}>
      <p>{text}</p>
      <p class="quiet">
        In a terminal, run <code>authsome ui</code>. It opens this page for you.
      </p>
    </PlainShell>
  );
}

/** What could not be done, and the way back. */
export function ProblemPage({ message, hint, back }: {
  message: string;
  hint: string | null;
  back: string;
}): Child {
  return (
    <PlainShell title="That did not work">
      <p role="alert">{message}</p>
      {hint === null ? null : <p class="quiet">{hint}</p>}
      <p>
        <a class="button second" href={back}>Back to the dashboard</a>
      </p>
    </PlainShell>
  );
}
