/**
 * One provider: its connections and what can be done with them, where its credential goes, its
 * definition.
 *
 * @module
 */
import type { Child } from "@hono/hono/jsx";
import type { ConnectionItem, ProviderItem } from "../../core/api.ts";
import type { RefreshStates } from "../broker/refresh_states.ts";
import { documentationAddress, providerAddress } from "./addresses.ts";
import { Badge, Tile } from "./badge.tsx";
import { ConnectForm } from "./connect_form.tsx";
import { ConnectionCard } from "./connection_card.tsx";
import { Shell, type ShellProps } from "./shell.tsx";

/** What the page shows. */
export interface ProviderPageProps extends Pick<ShellProps, "session" | "notice"> {
  readonly provider: ProviderItem;
  readonly connections: readonly ConnectionItem[];
  readonly refreshes: RefreshStates;
  readonly now: Date;
}

/** Connections with a card of their own; of so many, the others have the command line. */
export const MOST_CARDS = 100;

/** The page. */
export function ProviderPage(props: ProviderPageProps): Child {
  const { session, notice, provider, connections, refreshes, now } = props;
  const { name, display_name } = provider;
  const more = connections.length - MOST_CARDS;
  return (
    <Shell title={display_name} place="Connections" session={session} notice={notice ?? null}>
      <p class="crumb">
        <a href="/ui/connections">Connections</a>
      </p>
      <ProviderHead provider={provider} />
      <section aria-labelledby="held">
        <h2 id="held">
          {connections.length === 0 ? "Not connected" : `Connected as`}
        </h2>
        {connections.slice(0, MOST_CARDS).map((item) => (
          <ConnectionCard
            session={session}
            provider={name}
            item={item}
            refresh={refreshes.get(item.connection_name) ?? null}
            isOnly={connections.length === 1}
            now={now}
          />
        ))}
        {more > 0
          ? (
            <p class="quiet">
              and {more} more; see: <code>authsome inspect {name}</code>
            </p>
          )
          : null}
      </section>
      <ConnectForm session={session} provider={provider} isFirst={connections.length === 0} />
      <Facts provider={provider} />
      {connections.length === 0 && provider.source === "bundled"
        ? null
        : <DangerZone provider={provider} connections={connections.length} />}
    </Shell>
  );
}

function ProviderHead({ provider }: { provider: ProviderItem }): Child {
  const docs = documentationAddress(provider.docs_url);
  return (
    <div class="provider-head">
      <Tile name={provider.display_name} large />
      <div>
        <h1>{provider.display_name}</h1>
        {provider.description === undefined ? null : <p>{provider.description}</p>}
        <p class="chips">
          <Badge>{provider.name}</Badge>
          <Badge>{provider.auth_type === "oauth2" ? "OAuth 2.0" : "key"}</Badge>
          {provider.category === undefined ? null : <Badge>{provider.category}</Badge>}
          {provider.source === "custom" ? <Badge tone="accent">your own definition</Badge> : null}
          {provider.overrides_bundled ? <Badge tone="warning">hides the bundled one</Badge> : null}
          {provider.allow_private === true
            ? <Badge tone="warning">may use private addresses</Badge>
            : null}
          {docs === null
            ? null
            : <a href={docs} target="_blank" rel="noopener noreferrer">Documentation</a>}
        </p>
      </div>
    </div>
  );
}

function Facts({ provider }: { provider: ProviderItem }): Child {
  const { hosts, env, source: _, overrides_bundled: __, ...definition } = provider;
  return (
    <section class="card" aria-labelledby="definition">
      <h2 id="definition">Where its credential goes</h2>
      <dl class="facts">
        <dt>Hosts</dt>
        <dd>
          <ul>
            {hosts.map(({ url }) => (
              <li>
                <code>{url}</code>
              </li>
            ))}
          </ul>
        </dd>
        <dt>Put on a request as</dt>
        <dd>{showInjection(definition.injection)}</dd>
        {Object.keys(env).length === 0 ? null : (
          <>
            <dt>Variables</dt>
            <dd>
              {Object.keys(env).map((variable) => (
                <>
                  <code>{variable}</code>
                  {" "}
                </>
              ))}
            </dd>
          </>
        )}
      </dl>
      <details>
        <summary>The whole definition</summary>
        <pre tabindex={0} aria-label="Definition as JSON">{
          JSON.stringify({ ...definition, hosts, env }, null, 2)
        }</pre>
      </details>
    </section>
  );
}

function showInjection(injection: ProviderItem["injection"]): Child {
  switch (injection.type) {
    case "header":
      return (
        <>
          the header <code>{injection.name}: {injection.value}</code>
        </>
      );
    case "basic":
      return (
        <>
          Basic authentication as <code>{injection.username}</code>
        </>
      );
    case "query":
      return (
        <>
          the query parameter <code>{injection.name}</code>
        </>
      );
    case "path":
      return (
        <>
          part of the path <code>{injection.pattern}</code>
        </>
      );
    case "literal":
      return (
        <>
          wherever the program writes the placeholder of <code>{injection.fields.join(", ")}</code>
        </>
      );
  }
}

function DangerZone({ provider, connections }: {
  provider: ProviderItem;
  connections: number;
}): Child {
  const { name, source, overrides_bundled } = provider;
  return (
    <section class="card danger-zone" aria-labelledby="danger">
      <h2 id="danger">Take away</h2>
      {connections === 0 ? null : (
        <div class="choice">
          <p>
            <b>Revoke everything.</b>{" "}
            The provider is told to take the tokens back, and all that is kept of it here goes.
          </p>
          <a class="button danger small" href={providerAddress(name, "revoke")}>Revoke …</a>
        </div>
      )}
      {source === "bundled" ? null : (
        <div class="choice">
          <p>
            <b>{overrides_bundled ? "Reset the definition." : "Remove the definition."}</b>{" "}
            {overrides_bundled
              ? "The bundled one shows again."
              : "The provider is no longer known here."} Its connections are revoked first.
          </p>
          <a class="button danger small" href={providerAddress(name, "remove")}>
            {overrides_bundled ? "Reset …" : "Remove …"}
          </a>
        </div>
      )}
    </section>
  );
}
