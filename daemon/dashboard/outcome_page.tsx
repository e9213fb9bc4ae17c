/**
 * How a login ended, or that it is still under way.
 *
 * @module
 */
import type { Child } from "@hono/hono/jsx";
import { Layout } from "./layout.tsx";

/** How long a success is shown before the dashboard comes back, in seconds. */
const SHOWN_SECONDS = 2;

/** The connection is there. */
export function SuccessPage(
  { provider, connection, return_to }: {
    readonly provider: string;
    readonly connection: string;
    readonly return_to: string | null;
  },
): Child {
  // Not a redirect: coming from the provider's site, it would arrive without the dashboard's cookie.
  const refresh = return_to === null ? undefined : { seconds: SHOWN_SECONDS, to: return_to };
  return (
    <Layout title={`Logged in to ${provider}`} mood="good" refresh={refresh}>
      <p>
        It is kept as the connection <code>{connection}</code>.
      </p>
      {return_to === null
        ? <p class="quiet">You can close this window and go back to the terminal.</p>
        : <BackLink to={return_to} />}
    </Layout>
  );
}

/** Why it did not work, and what to do. */
export function FailurePage(
  { provider, message, hint, return_to = null }: {
    readonly provider: string | null;
    readonly message: string;
    readonly hint: string | null;
    readonly return_to?: string | null;
  },
): Child {
  return (
    <Layout title={provider === null ? "Login failed" : `Login to ${provider} failed`} mood="bad">
      <p role="alert">{message}</p>
      {return_to === null
        ? <p class="quiet">{hint ?? "Go back to the terminal and log in again."}</p>
        : <BackLink to={return_to} />}
    </Layout>
  );
}

/** A step is being taken: somebody opened the page again meanwhile, or sent it twice. */
export function WorkingPage({ provider }: { readonly provider: string }): Child {
  return (
    <Layout title={`Logging in to ${provider}`} refresh={{ seconds: 1 }}>
      <p role="status">{provider} is being asked. This page goes on by itself.</p>
    </Layout>
  );
}

function BackLink({ to }: { to: string }): Child {
  return (
    <p>
      <a class="button" href={to}>Back to the dashboard</a>
    </p>
  );
}
