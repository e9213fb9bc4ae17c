/**
 * The frame of the dashboard's pages: where one is, where else one can go, how the last action went.
 *
 * @module
 */
import type { Child } from "@hono/hono/jsx";
import type { DashboardSession, Notice } from "../middleware/dashboard_sessions.ts";
import { Form } from "./form.tsx";
import { DASHBOARD_STYLE_PATH, Head, type HeadProps, STYLE_PATH } from "./head.tsx";

/** The pages of the menu. */
const MENU = [
  { href: "/ui/", label: "Overview" },
  { href: "/ui/connections", label: "Connections" },
  { href: "/ui/audit", label: "Audit" },
  { href: "/ui/settings", label: "Settings" },
] as const;

/** A page's place in the menu. */
export type Place = typeof MENU[number]["label"];

/** What a page fills in. */
export interface ShellProps {
  readonly title: string;
  readonly place: Place;
  readonly session: DashboardSession;
  /** How the last action went. */
  readonly notice?: Notice | null;
  readonly refresh?: HeadProps["refresh"];
  readonly children?: Child;
}

const STYLES = [STYLE_PATH, DASHBOARD_STYLE_PATH];

/** A whole page. */
export function Shell({ title, place, session, notice, refresh, children }: ShellProps): Child {
  return (
    <html lang="en">
      <Head title={title} refresh={refresh} styles={STYLES} />
      <body class="dashboard">
        <a class="skip" href="#content">Skip to the content</a>
        <header class="bar">
          <a class="brand" href="/ui/">authsome</a>
          <nav aria-label="Main">
            {MENU.map(({ href, label }) => (
              <a href={href} aria-current={label === place ? "page" : undefined}>
                {label}
              </a>
            ))}
          </nav>
          <Form session={session} action="/ui/leave" class="leave">
            <button type="submit" class="plain">Leave</button>
          </Form>
        </header>
        <main id="content">
          {notice === undefined || notice === null ? null : <NoticeBox notice={notice} />}
          {children}
        </main>
      </body>
    </html>
  );
}

/** A page for whoever has no session, or cannot go on. */
export function PlainShell(
  { title, refresh, children }: Pick<ShellProps, "title" | "refresh" | "children">,
): Child {
  return (
    <html lang="en">
      <Head title={title} refresh={refresh} styles={STYLES} />
      <body>
        <header>authsome</header>
        <main>
          <h1>{title}</h1>
          {children}
        </main>
      </body>
    </html>
  );
}

const BOX = { good: "note success", bad: "note problem", warning: "note warning" } as const;

function NoticeBox({ notice: { tone, text, details } }: { notice: Notice }): Child {
  return (
    <div class={BOX[tone]} role={tone === "good" ? "status" : "alert"}>
      <p>{text}</p>
      {details.length === 0 ? null : (
        <ul>
          {details.map((detail) => <li>{detail}</li>)}
        </ul>
      )}
    </div>
  );
}
