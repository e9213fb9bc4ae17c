/**
 * Every provider with its connections, searched and filtered by the address alone.
 *
 * @module
 */
import type { Child } from "@hono/hono/jsx";
import type { ConnectionItem } from "../../core/api.ts";
import { providerAddress, withQuery } from "./addresses.ts";
import { Badge, StatusBadge, Tile } from "./badge.tsx";
import { Shell, type ShellProps } from "./shell.tsx";

/** Which providers are listed. */
export const SHOWN = {
  all: "All providers",
  connected: "Connected",
  attention: "Needs attention",
  custom: "My own definitions",
} as const;

/** One of them. */
export type Shown = keyof typeof SHOWN;

/** A provider in the list. */
export interface ProviderRow {
  readonly name: string;
  readonly display_name: string;
  readonly category: string | null;
  readonly isCustom: boolean;
  readonly isOAuth: boolean;
  readonly connections: readonly ConnectionItem[];
}

/** What the page shows. */
export interface ConnectionsProps extends Pick<ShellProps, "session" | "notice"> {
  readonly q: string;
  readonly show: Shown;
  readonly category: string;
  readonly categories: readonly string[];
  readonly rows: readonly ProviderRow[];
  /** How many fit the search, on all pages. */
  readonly found: number;
  readonly page: number;
  readonly pages: number;
}

/** Connections of a provider that a row shows. */
const MOST_CONNECTIONS = 4;

/** The page. */
export function ConnectionsPage(props: ConnectionsProps): Child {
  const { session, notice, q, show, category, rows, found } = props;
  const isSearch = q !== "" || category !== "" || show !== "all";
  return (
    <Shell title="Connections" place="Connections" session={session} notice={notice ?? null}>
      <div class="heading">
        <h1>Connections</h1>
        <a class="button second small" href="/ui/register">Add a provider</a>
      </div>
      <Search {...props} />
      <p class="quiet" role="status">
        {found} {found === 1 ? "provider" : "providers"}
        {isSearch
          ? (
            <>
              {" "}· <a href="/ui/connections">show all</a>
            </>
          )
          : null}
      </p>
      {rows.length === 0 ? <NothingFound q={q} show={show} /> : (
        <ul class="rows card providers">
          {rows.map((row) => <Row row={row} />)}
        </ul>
      )}
      <Pager {...props} />
    </Shell>
  );
}

function Search({ q, show, category, categories }: ConnectionsProps): Child {
  return (
    <form action="/ui/connections" class="filters" role="search">
      <div class="grow">
        <label for="q">Search</label>
        <input id="q" type="search" name="q" value={q} placeholder="Name, host, account …" />
      </div>
      <div>
        <label for="show">Show</label>
        <select id="show" name="show">
          {Object.entries(SHOWN).map(([value, label]) => (
            <option value={value} selected={value === show}>{label}</option>
          ))}
        </select>
      </div>
      <div>
        <label for="category">Kind</label>
        <select id="category" name="category">
          <option value="">Any</option>
          {categories.map((name) => (
            <option value={name} selected={name === category}>{name}</option>
          ))}
        </select>
      </div>
      <button type="submit">Search</button>
    </form>
  );
}

function Row({ row: { name, display_name, category, isCustom, isOAuth, connections } }: {
  row: ProviderRow;
}): Child {
  const more = connections.length - MOST_CONNECTIONS;
  return (
    <li class="provider">
      <Tile name={display_name} />
      <div class="who">
        <a class="name" href={providerAddress(name)}>{display_name}</a>
        <span class="quiet">
          {name} · {isOAuth ? "OAuth" : "key"}
          {category === null ? "" : ` · ${category}`}
          {isCustom ? " · your own" : ""}
        </span>
      </div>
      {connections.length === 0 ? <span class="quiet none">not connected</span> : (
        <ul class="held">
          {connections.slice(0, MOST_CONNECTIONS).map((item) => (
            <li>
              {item.status === "connected"
                ? (
                  <Badge tone="good dot">
                    <span class="hidden">Connected</span>
                  </Badge>
                )
                : <StatusBadge status={item.status} />}
              <span>{item.connection_name}</span>
              {item.account.label === null ? null : <span class="quiet">{item.account.label}</span>}
              {item.is_default && connections.length > 1 ? <Badge>default</Badge> : null}
            </li>
          ))}
          {more > 0 ? <li class="quiet">and {more} more</li> : null}
        </ul>
      )}
    </li>
  );
}

function NothingFound({ q, show }: Pick<ConnectionsProps, "q" | "show">): Child {
  return (
    <div class="card empty">
      <p>
        {q !== ""
          ? (
            <>
              Nothing fits <b>{q}</b>.
            </>
          )
          : show === "attention"
          ? "Nothing needs attention."
          : "There is nothing here yet."}
      </p>
      <p>
        A provider that is not in the list can be added:{" "}
        <a href="/ui/register">register a definition</a>.
      </p>
    </div>
  );
}

function Pager({ q, show, category, page, pages }: ConnectionsProps): Child {
  if (pages <= 1) return null;
  const to = (number: number) =>
    withQuery("/ui/connections", { q, show, category, page: String(number) });
  return (
    <nav class="pager" aria-label="Pages">
      {page > 1 ? <a class="button second small" href={to(page - 1)} rel="prev">Previous</a> : null}
      <span class="quiet">Page {page} of {pages}</span>
      {page < pages ? <a class="button second small" href={to(page + 1)} rel="next">Next</a> : null}
    </nav>
  );
}
