/**
 * How a login ended, or that it is still under way.
 *
 * @module
 */
import type { Child } from "@hono/hono/jsx";
import { Layout } from "./layout.tsx";

/** The connection is there. */
export function SuccessPage(
  { provider, connection }: { readonly provider: string; readonly connection: string },
): Child {
  return (
    <Layout title={`Logged in to ${provider}`} mood="good">
      <p>
        It is kept as the connection <code>{connection}</code>.
      </p>
      <p class="quiet">You can close this window and go back to the terminal.</p>
    </Layout>
  );
}

/** Why it did not work, and what to do. */
export function FailurePage(
  { provider, message, hint }: {
    readonly provider: string | null;
    readonly message: string;
    readonly hint: string | null;
  },
): Child {
  return (
    <Layout title={provider === null ? "Login failed" : `Login to ${provider} failed`} mood="bad">
      <p role="alert">{message}</p>
      <p class="quiet">{hint ?? "Go back to the terminal and log in again."}</p>
    </Layout>
  );
}

/** A step is being taken. */
export function WorkingPage({ provider }: { readonly provider: string }): Child {
  return (
    <Layout title={`Logging in to ${provider}`} refreshSeconds={1}>
      <p class="quiet">One moment.</p>
    </Layout>
  );
}
