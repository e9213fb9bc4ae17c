/**
 * A connection's secrets, asked for on purpose: shown once, stored nowhere, gone after a moment.
 *
 * @module
 */
import type { Child } from "@hono/hono/jsx";
import { type ConnectionRef, showRef } from "../../core/connection.ts";
import { providerAddress } from "./addresses.ts";
import { Shell, type ShellProps } from "./shell.tsx";

/** How long the page stands, in seconds. */
const SHOWN_SECONDS = 30;

/** What the page shows. */
export interface SecretPageProps extends Pick<ShellProps, "session"> {
  readonly connection: ConnectionRef;
  /** Field and value. */
  readonly secrets: readonly (readonly [name: string, value: string])[];
}

/** The page. */
export function SecretPage({ session, connection, secrets }: SecretPageProps): Child {
  const back = providerAddress(connection.provider);
  return (
    <Shell
      title={`Secret of ${showRef(connection)}`}
      place="Connections"
      session={session}
      refresh={{ seconds: SHOWN_SECONDS, to: back }}
    >
      <section class="card narrow">
        <h1>Secret of {showRef(connection)}</h1>
        <dl class="secret">
          {secrets.map(([name, value]) => (
            <>
              <dt>{name}</dt>
              <dd>
                <code class="copy">{value}</code>
              </dd>
            </>
          ))}
        </dl>
        <p class="quiet">
          This page goes away in {SHOWN_SECONDS}{" "}
          seconds, and reloading it does not bring it back without asking. The audit log says that
          it was shown.
        </p>
        <p>
          <a class="button second" href={back}>Done</a>
        </p>
      </section>
    </Shell>
  );
}
