/**
 * One connection of a provider, with what can be done to it.
 *
 * @module
 */
import type { Child } from "@hono/hono/jsx";
import type { ConnectionItem, RefreshStatus } from "../../core/api.ts";
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
  /** How its last refresh went; null for a key. */
  readonly refresh: RefreshStatus | null;
  /** The only one is the default without saying so. */
  readonly isOnly: boolean;
  readonly now: Date;
}

/** The card. */
export function ConnectionCard(props: ConnectionCardProps): Child {
  const { session, provider, item, refresh, isOnly, now } = props;
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
        {refresh === null ? null : <LastRefresh refresh={refresh} now={now} />}
      </dl>
      <div class="actions">
        <Form
          session={session}
          action={providerAddress(provider, "connect")}
          values={{ connection: name, force: "1" }}
        >
          <button type="submit" class={item.status === "connected" ? "small second" : "small"}>
            Reconnect{of}
          </button>
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

/** Nothing for one that was never refreshed. */
function LastRefresh({ refresh, now }: { refresh: RefreshStatus; now: Date }): Child {
  const { last_refresh_at, last_refresh_error, last_failure_at, next_attempt_at } = refresh;
  const hasFailed = last_refresh_error !== null;
  if (last_refresh_at === null && !hasFailed) return null;
  return (
    <>
      <dt>Refreshed</dt>
      <dd>
        {last_refresh_at === null ? "never" : <Time at={last_refresh_at} now={now} />}
        {!hasFailed ? null : (
          <span class="failure">
            <Badge tone="bad">failed</Badge>{" "}
            {last_failure_at === null ? null : <Time at={last_failure_at} now={now} />}:{" "}
            {last_refresh_error}
            {next_attempt_at === null ? null : (
              <>
                ; tried again <Time at={next_attempt_at} now={now} />
              </>
            )}
          </span>
        )}
      </dd>
    </>
  );
}

function Expiry({ item: { auth_type, expires_at, status }, now }: {
  item: ConnectionItem;
  now: Date;
}): Child {
  const when = <Time at={expires_at!} now={now} />;
  if (auth_type === "api_key") return when;
  const isOver = new Date(expires_at!) <= now;
  if (status !== "connected") {
    return isOver ? <>ran out {when}</> : <>runs out {when}, not refreshed any more</>;
  }
  return isOver
    ? <>ran out {when}; refreshed when it is next used</>
    : <>runs out {when}; refreshed when it is used</>;
}
