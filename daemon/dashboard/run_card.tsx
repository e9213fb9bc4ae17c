/**
 * One run: what it may use, what it has used, and the way to end it.
 *
 * @module
 */
import type { Child } from "@hono/hono/jsx";
import type { Grant } from "../../core/grant.ts";
import type { RunUse } from "../broker/recent_activity.ts";
import { endRunAddress, withQuery } from "./addresses.ts";
import { shortRun } from "./audit_entry.tsx";
import { Badge } from "./badge.tsx";
import { Time } from "./time.tsx";

/** A run and what the audit log says of it. */
export interface Run {
  readonly grant: Grant;
  readonly uses: readonly RunUse[];
}

const MOST_SHOWN = 12;

/** The card. */
export function RunCard({ run: { grant, uses }, now }: { run: Run; now: Date }): Child {
  const { id, label, created_at, expires_at } = grant;
  const allowed = showAllowed(grant);
  return (
    <article class="run">
      <div class="heading">
        <h3>
          <span class="pulse" aria-hidden="true"></span>
          {label === "" ? shortRun(id) : label}
        </h3>
        <a class="button danger small" href={endRunAddress(id)}>
          End<span class="hidden">{` the run ${label}`}</span>
        </a>
      </div>
      <p class="quiet">
        Began <Time at={created_at.toISOString()} now={now} />; its grant runs out{" "}
        <Time at={expires_at.toISOString()} now={now} /> ·{" "}
        <a href={withQuery("/ui/audit", { run: id })}>{shortRun(id)}</a>
      </p>
      <dl class="uses">
        <dt>May use</dt>
        <dd class="chips">
          {allowed.slice(0, MOST_SHOWN).map((name) => <Badge>{name}</Badge>)}
          {allowed.length <= MOST_SHOWN ? null : <Badge>{allowed.length - MOST_SHOWN} more</Badge>}
        </dd>
        <dt>Has used</dt>
        <dd class="chips">
          {uses.length === 0 ? <span class="quiet">nothing yet</span> : null}
          {uses.slice(0, MOST_SHOWN).map(({ connection, requests }) => (
            <Badge tone="good">
              {connection} <b>{requests.toLocaleString("en")}×</b>
            </Badge>
          ))}
        </dd>
      </dl>
    </article>
  );
}

/** What the grant covers, in words. */
export function showAllowed({ only, connections }: Grant): readonly string[] {
  const chosen = Object.entries(connections).map(([provider, name]) => `${provider}/${name}`);
  if (only === null) return [...chosen, "every default connection"];
  return only.map(({ provider, connection }) => {
    const name = connection ?? connections[provider] ?? null;
    return name === null ? `${provider} (its default)` : `${provider}/${name}`;
  });
}
