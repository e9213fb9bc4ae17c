/**
 * One connection of a provider, with what can be done to it.
 *
 * @module
 */
import type { Child } from "@hono/hono/jsx";
import type { ConnectionItem } from "../../core/api.ts";
import type { DashboardSession } from "../middleware/dashboard_sessions.ts";
import { connectionAddress, providerAddress } from "./addresses.ts";
import { Badge, StatusBadge } from "./badge.tsx";
import { Form } from "./form.tsx";
import { Time } from "./time.tsx";

/** What the card shows. */
export interface ConnectionCardProps {
  readonly session: DashboardSession;
  readonly provider: string;
  readonly item: ConnectionItem;
  /** The only one is the default without saying so. */
  readonly isOnly: boolean;
  readonly now: Date;
}

/** The card. */
export function ConnectionCard(props: ConnectionCardProps): Child {
  const { session, provider, item, isOnly, now } = props;
  const name = item.connection_name;
  const ref = { provider, connection: name };
  const of = <span class="hidden">{` ${name}`}</span>;
  return (
    <article class="card connection">
      <div class="heading">
        <h3>{name}</h3>
        <span class="chips">
          {item.is_default && !isOnly ? <Badge tone="accent">default</Badge> : null}
          <StatusBadge status={item.status} />
        </span>
      </div>
      <dl class="facts">
        {item.account.label === null && item.account.id === null ? null : (
          <>
            <dt>Account</dt>
            <dd>{item.account.label ?? item.account.id}</dd>
          </>
        )}
        {item.base_url === null ? null : (
          <>
            <dt>Address</dt>
            <dd>
              <code>{item.base_url}</code>
            </dd>
          </>
        )}
        {item.scopes === null || item.scopes.length === 0 ? null : (
          <>
            <dt>Scopes</dt>
            <dd class="chips">{item.scopes.map((scope) => <Badge>{scope}</Badge>)}</dd>
          </>
        )}
        <dt>{item.auth_type === "oauth2" ? "Token" : "Ends"}</dt>
        <dd>
          {item.expires_at === null ? "no known end" : <Expiry item={item} now={now} />}
        </dd>
      </dl>
      <div class="actions">
        <Form
          session={session}
          action={providerAddress(provider, "connect")}
          values={{ connection: name, force: "1" }}
        >
          <button type="submit" class="small second">Reconnect{of}</button>
        </Form>
        {item.is_default
          ? null
          : (
            <a class="button second small" href={connectionAddress(ref, "default")}>
              Make default{of}
            </a>
          )}
        <a class="button second small" href={connectionAddress(ref, "show")}>Show secret{of}</a>
        <a class="button danger small" href={connectionAddress(ref, "disconnect")}>
          Disconnect{of}
        </a>
      </div>
    </article>
  );
}

function Expiry({ item: { auth_type, expires_at }, now }: {
  item: ConnectionItem;
  now: Date;
}): Child {
  const when = <Time at={expires_at!} now={now} />;
  if (auth_type === "api_key") return when;
  return new Date(expires_at!) > now
    ? <>runs out {when}; refreshed when it is used</>
    : <>ran out {when}; refreshed when it is next used</>;
}
