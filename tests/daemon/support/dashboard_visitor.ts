/**
 * A browser without a screen, for the dashboard: keeps the cookie, follows links and fills in forms
 * as they stand in the page.
 *
 * @module
 */
import { equal, match } from "node:assert/strict";
import type { DashboardLink } from "../../../core/api.ts";
import { BASE_URL, type Client, type TestDaemon } from "./test_daemon.ts";

/** An answer that was read. */
export interface VisitedPage {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** A browser with a session. */
export interface Visitor {
  /** `name=value` as the browser sends it. */
  readonly cookie: string;
  /** Looks at a page. */
  readonly look: (path: string, headers?: Record<string, string>) => Promise<VisitedPage>;
  /** Posts a form with the token of the session; `fields` may override it. */
  readonly post: (
    path: string,
    fields?: Record<string, string>,
    headers?: Record<string, string>,
  ) => Promise<VisitedPage>;
}

/** Asks for a link. */
export async function dashboardLink(owner: Client): Promise<string> {
  return (await owner.json<DashboardLink>("POST", "/ui/session", {})).url;
}

/** A browser that came in by a link. */
export async function enterDashboard(daemon: TestDaemon, owner: Client): Promise<Visitor> {
  const link = new URL(await dashboardLink(owner));
  const entered = await daemon.request(link.pathname + link.search);
  equal(entered.status, 200);
  await entered.body?.cancel();
  const cookie = entered.headers.get("set-cookie")?.split(";")[0] ?? "";
  match(cookie, /^authsome_ui_\d+=[0-9a-f]{64}$/);
  const look: Visitor["look"] = async (path, headers = {}) =>
    await read(await daemon.request(path, { headers: { cookie, ...headers } }));
  const { text } = await look("/ui/");
  const form_token = formToken(text);
  const post: Visitor["post"] = async (path, fields = {}, headers = {}) =>
    await read(
      await daemon.request(path, {
        method: "POST",
        headers: {
          cookie,
          origin: BASE_URL,
          "content-type": "application/x-www-form-urlencoded",
          ...headers,
        },
        body: new URLSearchParams({ form_token, ...fields }).toString(),
      }),
    );
  return { cookie, look, post };
}

/** Fills in the form of a login that is `at` this address; the text of the page it leads to. */
export async function fillLoginForm(
  daemon: TestDaemon,
  at: string,
  values: Readonly<Record<string, string>>,
): Promise<string> {
  const page = await (await daemon.request(at)).text();
  const done = await daemon.request(at, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ form_token: formToken(page), ...values }).toString(),
  });
  return await done.text();
}

/** The token in the page's forms. */
export function formToken(page: string): string {
  return /name="form_token" value="([0-9a-f]+)"/.exec(page)?.[1] ?? "";
}

async function read(response: Response): Promise<VisitedPage> {
  return { status: response.status, headers: response.headers, text: await response.text() };
}
