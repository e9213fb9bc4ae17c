/**
 * The audit log: filtered and paged by the address, with what the last verification said.
 *
 * @module
 */
import type { Child } from "@hono/hono/jsx";
import type { AuditPage as AuditEntries, AuditReport } from "../../core/api.ts";
import { AUDIT_EVENTS } from "../../core/audit_events.ts";
import { withQuery } from "./addresses.ts";
import { Outcome, shortRun, showDetails, showEvent, Subject } from "./audit_entry.tsx";
import { Form } from "./form.tsx";
import { Shell, type ShellProps } from "./shell.tsx";
import { Time } from "./time.tsx";

/** What the address filters by; empty for everything. */
export interface AuditFilters {
  readonly event: string;
  readonly provider: string;
  readonly run: string;
  readonly status: string;
  /** Days, `2026-03-01`, both included. */
  readonly from: string;
  readonly to: string;
}

/** A verification and when it was. */
export interface Verification {
  readonly report: AuditReport;
  readonly at: string;
}

/** What the page shows. */
export interface AuditPageProps extends Pick<ShellProps, "session" | "notice"> {
  readonly filters: AuditFilters;
  readonly page: AuditEntries;
  /** True where this is not the first page. */
  readonly isLater: boolean;
  readonly verification: Verification | null;
  readonly now: Date;
}

const STATUSES = ["success", "failure", "denied"];

/** The page. */
export function AuditLogPage(props: AuditPageProps): Child {
  const { session, notice, filters, page, isLater, verification, now } = props;
  const { entries, next_cursor } = page;
  return (
    <Shell title="Audit" place="Audit" session={session} notice={notice ?? null}>
      <h1>Audit log</h1>
      <VerificationBox session={session} verification={verification} now={now} />
      <Filters {...filters} />
      {entries.length === 0
        ? (
          <div class="card empty">
            <p>No entry fits.</p>
          </div>
        )
        : <Entries entries={entries} verification={verification} now={now} />}
      <nav class="pager" aria-label="Pages">
        {isLater
          ? <a class="button second small" href={withQuery("/ui/audit", { ...filters })}>Newest</a>
          : null}
        {next_cursor === null ? <span class="quiet">That is all.</span> : (
          <a
            class="button second small"
            href={withQuery("/ui/audit", { ...filters, cursor: next_cursor })}
            rel="next"
          >
            Older
          </a>
        )}
      </nav>
    </Shell>
  );
}

function VerificationBox({ session, verification, now }: Pick<
  AuditPageProps,
  "session" | "verification" | "now"
>): Child {
  const fault = verification?.report.fault ?? null;
  return (
    <section
      class={`card verification ${verification === null ? "" : fault === null ? "good" : "bad"}`}
      aria-label="Verification"
    >
      <div>
        {verification === null
          ? <p>Every line carries the hash of the one before. Check that nobody changed any.</p>
          : fault === null
          ? (
            <p>
              <b>✓ Verified</b> <Time at={verification.at} now={now} />:{" "}
              {verification.report.lines.toLocaleString("en")} lines, signed up to line{" "}
              {verification.report.signed_until.toLocaleString("en")}.
            </p>
          )
          : (
            <p role="alert">
              <b>✗ Changed</b>: {fault.message}
            </p>
          )}
      </div>
      <Form session={session} action="/ui/audit/verify">
        <button type="submit" class="second small">
          {verification === null ? "Verify" : "Verify again"}
        </button>
      </Form>
    </section>
  );
}

function Filters({ event, provider, run, status, from, to }: AuditFilters): Child {
  return (
    <form action="/ui/audit" class="filters" role="search">
      <div>
        <label for="event">Event</label>
        <select id="event" name="event">
          <option value="">Any</option>
          {Object.keys(AUDIT_EVENTS).map((name) => (
            <option value={name} selected={name === event}>{name.replaceAll("_", " ")}</option>
          ))}
        </select>
      </div>
      <div>
        <label for="status">Outcome</label>
        <select id="status" name="status">
          <option value="">Any</option>
          {STATUSES.map((name) => <option value={name} selected={name === status}>{name}</option>)}
        </select>
      </div>
      <div class="grow">
        <label for="provider">Provider</label>
        <input id="provider" type="text" name="provider" value={provider} />
      </div>
      <div class="grow">
        <label for="run">Run</label>
        <input id="run" type="text" name="run" value={run} placeholder="grant_…" />
      </div>
      <div>
        <label for="from">From</label>
        <input id="from" type="date" name="from" value={from} />
      </div>
      <div>
        <label for="to">To</label>
        <input id="to" type="date" name="to" value={to} />
      </div>
      <button type="submit">Filter</button>
    </form>
  );
}

function Entries({ entries, verification, now }: {
  entries: AuditEntries["entries"];
  verification: Verification | null;
  now: Date;
}): Child {
  const good = verification === null || verification.report.fault !== null
    ? 0
    : verification.report.head_seq;
  return (
    <div class="card table" tabindex={0} role="region" aria-label="Entries">
      <table class="entries">
        <thead>
          <tr>
            <th scope="col">Line</th>
            <th scope="col">When</th>
            <th scope="col">Event</th>
            <th scope="col">About</th>
            <th scope="col">Who</th>
            <th scope="col">Details</th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry) => (
            <tr>
              <td class="number">
                {entry.seq}
                {entry.seq <= good ? <span class="mark" title="Verified">✓</span> : null}
              </td>
              <td class="when">
                <Time at={entry.timestamp} now={now} />
              </td>
              <td class="event">
                {showEvent(entry)}{" "}
                {entry.status === "success" ? null : <Outcome status={entry.status} />}
              </td>
              <td class="about">
                <Subject {...entry} />
              </td>
              <td class="actor">
                {entry.run
                  ? <a href={withQuery("/ui/audit", { run: entry.run })}>{shortRun(entry.run)}</a>
                  : entry.identity ?? ""}
              </td>
              <td class="details">{showDetails(entry)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
