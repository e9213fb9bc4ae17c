/**
 * The pages a person meets during a login: input form, device page, OAuth callback, outcome. Public,
 * under an unguessable session id; a form is taken with its session's token only.
 *
 * @module
 */
import { Hono } from "@hono/hono";
import type { Context } from "@hono/hono";
import type { Child } from "@hono/hono/jsx";
import { AuthsomeError, HTTP_STATUS } from "../../core/errors.ts";
import type { Broker } from "../broker/broker.ts";
import { callbackPage, type LoginPage, loginPage, submitLoginForm } from "../broker/login_pages.ts";
import type { ApiEnv } from "../middleware/api_env.ts";
import { PAGE_POLICY } from "../middleware/security_headers.ts";
import { DevicePage } from "./device_page.tsx";
import { KeyForm } from "./key_form.tsx";
import { STYLE_PATH } from "./head.tsx";
import { FailurePage, SuccessPage, WorkingPage } from "./outcome_page.tsx";
import style from "./style.css" with { type: "text" };

/** The routes of the pages and their style. */
export function loginPageRoutes(broker: Broker): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .get(STYLE_PATH, (c) => {
      c.header("content-type", "text/css; charset=utf-8");
      c.header("cache-control", "max-age=3600");
      return c.body(style);
    })
    .get(
      "/auth/sessions/:id/input",
      (c) => show(c, broker, () => loginPage(broker, c.req.param("id"))),
    )
    .get(
      "/auth/sessions/:id/device",
      (c) => show(c, broker, () => loginPage(broker, c.req.param("id"))),
    )
    .post("/auth/sessions/:id/input", (c) => {
      const form = new URLSearchParams(new TextDecoder().decode(c.get("body")));
      return show(c, broker, () => submitLoginForm(broker, c.req.param("id"), form));
    })
    .get("/auth/callback/oauth", (c) =>
      show(c, broker, async () => {
        const page = await callbackPage(broker, new URL(c.req.url).searchParams);
        // A form belongs under its own address, and the used code out of the address bar.
        return page.type === "form"
          ? { type: "go", url: `/api/auth/sessions/${page.id}/input` }
          : page;
      }));
}

/** Answers with the page that `find` gives, or with a page about why there is none. */
async function show(
  c: Context<ApiEnv>,
  { catalogue }: Broker,
  find: () => Promise<LoginPage>,
): Promise<Response> {
  try {
    const page = await find();
    return page.type === "go"
      ? c.redirect(page.url, 303)
      : html(c, render(page), statusOf(page, c.req.method));
  } catch (error) {
    if (!(error instanceof AuthsomeError)) throw error;
    const { provider, message, hint = null } = error;
    const name = provider === undefined ? null : catalogue.find(provider)?.display_name ?? provider;
    const page = <FailurePage provider={name} message={message} hint={hint} />;
    return html(c, page, HTTP_STATUS[error.code]);
  }
}

function render(page: Exclude<LoginPage, { type: "go" }>): Child {
  switch (page.type) {
    case "form":
      return <KeyForm {...page} />;
    case "device":
      return <DevicePage {...page} />;
    case "working":
      return <WorkingPage {...page} />;
    case "done":
      return <SuccessPage {...page} />;
    case "failed":
      return <FailurePage {...page} hint={null} />;
  }
}

function statusOf(page: LoginPage, method: string): number {
  if (page.type === "failed") return 400;
  return page.type === "form" && page.problem !== null && method === "POST" ? 422 : 200;
}

function html(c: Context<ApiEnv>, page: Child, status: number): Response {
  c.header("content-security-policy", PAGE_POLICY);
  c.status(status as 200);
  return c.html(`<!doctype html>${page}`);
}
