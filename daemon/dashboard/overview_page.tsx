/**
 * The first page: what is connected, what wants attention, what runs and what it used.
 *
 * @module
 */
import type { Child } from "@hono/hono/jsx";
import type { AuditLine } from "../../core/audit_chain.ts";
import type { IdentityClaim } from "../../core/identity_claim.ts";
import type { Attention } from "../broker/find_attention.ts";
import type { ActivityDay } from "../broker/recent_activity.ts";
import { ActivityChart } from "./activity_chart.tsx";
import { providerAddress } from "./addresses.ts";
import { Outcome, showEvent, showHint, Subject } from "./audit_entry.tsx";
import { Badge, StatusBadge, Tile } from "./badge.tsx";
import { ClaimsCard } from "./claims_card.tsx";
import { type Run, RunCard } from "./run_card.tsx";
import { Shell, type ShellProps } from "./shell.tsx";
import { Time } from "./time.tsx";

/** What the page shows. */
export interface OverviewProps extends Pick<ShellProps, "session" | "notice"> {
  readonly now: Date;
  readonly connections: number;
  readonly connected_providers: number;
  readonly providers: number;
  /** Of other machines that ask to be let in. */
  readonly claims: readonly IdentityClaim[];
  readonly attention: readonly Attention[];
  readonly runs: readonly Run[];
  readonly days: readonly ActivityDay[];
  /** Whether the numbers of older days, and of what runs used, are still growing. */
  readonly isCounting: boolean;
  readonly latest: readonly AuditLine[];
}

/** Entries that are shown; the others have pages of their own. */
const MOST_ATTENTION = 8;
const MOST_RUNS = 12;

/** The page. */
export function OverviewPage(props: OverviewProps): Child {
  const { session, notice, now, claims, attention, runs, days, latest } = props;
  return (
    <Shell title="Overview" place="Overview" session={session} notice={notice ?? null}>
      <h1>Overview</h1>
      <ClaimsCard claims={claims} now={now} />
      <Figures {...props} />
      {props.connections === 0 ? <Welcome providers={props.providers} /> : null}
      {attention.length === 0 ? null : <AttentionList items={attention} now={now} />}
      <div class="columns">
        <section class="card" aria-labelledby="running">
          <h2 id="running">Running now</h2>
          {runs.length === 0
            ? (
              <p class="empty">
                Nothing runs. Start an agent with <code>authsome run -- COMMAND</code>{" "}
                and see here what it may use.
              </p>
            )
            : runs.slice(0, MOST_RUNS).map((run) => <RunCard run={run} now={now} />)}
          {runs.length <= MOST_RUNS
            ? null
            : <p class="quiet">and {runs.length - MOST_RUNS} more</p>}
        </section>
        <section class="card" aria-labelledby="activity">
          <h2 id="activity">Last {days.length} days</h2>
          <ActivityChart days={days} />
          {props.isCounting
            ? (
              <p class="quiet" role="status">
                The audit log is long: older days are still being counted.{" "}
                <a href="/ui/">Look again</a>
              </p>
            )
            : null}
        </section>
      </div>
      <section class="card" aria-labelledby="latest">
        <div class="heading">
          <h2 id="latest">Latest entries</h2>
          <a href="/ui/audit">Audit log</a>
        </div>
        {latest.length === 0 ? <p class="empty">Nothing has happened yet.</p> : (
          <ul class="rows">
            {latest.map((entry) => (
              <li class="entry">
                <span class="event">{showEvent(entry)}</span>
                <span class="subject">
                  {entry.provider ? <Subject {...entry} /> : showHint(entry)}
                </span>
                <Outcome status={entry.status} />
                <span class="quiet when">
                  <Time at={entry.timestamp} now={now} />
                </span>
              </li>
            ))}
          </ul>
        )}
      </section>
    </Shell>
  );
}

function Figures(
  { connections, connected_providers, attention, runs, days }: OverviewProps,
): Child {
  const today = days.at(-1);
  return (
    <ul class="figures">
      <Figure
        value={connections}
        label={connections === 1 ? "connection" : "connections"}
        note={`at ${connected_providers} ${connected_providers === 1 ? "provider" : "providers"}`}
        href="/ui/connections?show=connected"
      />
      <Figure
        value={attention.length}
        label="need attention"
        note={attention.length === 0 ? "all is well" : "see below"}
        href="/ui/connections?show=attention"
        tone={attention.length === 0 ? "" : "warning"}
      />
      <Figure
        value={runs.length}
        label="running now"
        note={runs.length === 0 ? "nothing uses anything" : "see what they use"}
        href="#running"
      />
      <Figure
        value={today?.used ?? 0}
        label="requests today"
        note={`${today?.refused ?? 0} refused`}
        href="#activity"
      />
    </ul>
  );
}

function Figure(
  { value, label, note, href, tone = "" }: {
    value: number;
    label: string;
    note: string;
    href: string;
    tone?: string;
  },
): Child {
  return (
    <li class={`card figure ${tone}`}>
      <a href={href}>
        <strong>{value.toLocaleString("en")}</strong>
        <span>{label}</span>
      </a>
      <span class="quiet">{note}</span>
    </li>
  );
}

function Welcome({ providers }: { providers: number }): Child {
  return (
    <section class="card welcome" aria-labelledby="welcome">
      <h2 id="welcome">Connect your first provider</h2>
      <p>
        Log in once; from then on your agents use the credential through <code>authsome run</code>
        {" "}
        and never see it.
      </p>
      <form action="/ui/connections" class="search">
        <label for="first-search">Find one of {providers} providers</label>
        <div class="inline">
          <input id="first-search" type="search" name="q" placeholder="github, openai, stripe …" />
          <button type="submit">Search</button>
        </div>
      </form>
    </section>
  );
}

function AttentionList({ items, now }: { items: readonly Attention[]; now: Date }): Child {
  return (
    <section class="card attention" aria-labelledby="attention">
      <h2 id="attention">Needs attention</h2>
      <ul class="rows">
        {items.slice(0, MOST_ATTENTION).map(({ provider, connection, reason, item }) => (
          <li class="entry">
            <Tile name={provider} />
            <span class="subject">
              <a href={providerAddress(provider)}>{provider}/{connection}</a>
              {item.account.label === null ? null : <span class="quiet">{item.account.label}</span>}
            </span>
            {reason === "needs_login"
              ? <StatusBadge status={item.status} />
              : (
                <Badge tone="warning">
                  Ends {item.expires_at === null ? "soon" : <Time at={item.expires_at} now={now} />}
                </Badge>
              )}
          </li>
        ))}
      </ul>
      {items.length <= MOST_ATTENTION ? null : (
        <p>
          <a href="/ui/connections?show=attention">All {items.length}</a>
        </p>
      )}
    </section>
  );
}
