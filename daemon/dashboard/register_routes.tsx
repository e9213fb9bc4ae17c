/**
 * Adding a provider's definition.
 *
 * @module
 */
import { Hono } from "@hono/hono";
import {
  AuthsomeError,
  InvalidProviderDefinitionError,
  type Issue,
  ProviderExistsError,
} from "../../core/errors.ts";
import { parseJsonc } from "../../core/jsonc.ts";
import type { Broker } from "../broker/broker.ts";
import { registerProvider } from "../broker/register_provider.ts";
import type { DashboardEnv } from "../middleware/dashboard_session.ts";
import { providerAddress } from "./addresses.ts";
import { good, goTo, showPage } from "./page_response.ts";
import { EXAMPLE, RegisterPage } from "./register_page.tsx";

/** The routes. */
export function registerRoutes(broker: Broker): Hono<DashboardEnv> {
  return new Hono<DashboardEnv>()
    .get("/ui/register", (c) =>
      showPage(
        c,
        <RegisterPage
          session={c.get("session")}
          source={EXAMPLE}
          allowPrivate={false}
          problem={null}
          issues={[]}
          mayReplace={false}
        />,
      ))
    .post("/ui/register", async (c) => {
      const session = c.get("session");
      const form = c.get("form");
      const source = form.get("definition") ?? "";
      const allow_private = form.has("allow_private");
      const force = form.has("force");
      try {
        const definition = parseDefinition(source);
        const { provider, action, warnings } = await registerProvider(broker, session.owner, {
          definition,
          force,
          allow_private,
        });
        return goTo(c, providerAddress(provider), good(`The definition was ${action}`, warnings));
      } catch (error) {
        if (!(error instanceof AuthsomeError)) throw error;
        const exists = error instanceof ProviderExistsError;
        return await showPage(
          c,
          <RegisterPage
            session={session}
            source={source}
            allowPrivate={allow_private}
            problem={error.message}
            issues={issuesOf(error)}
            mayReplace={exists || force}
          />,
          exists ? 409 : 422,
        );
      }
    });
}

/** @throws {InvalidProviderDefinitionError} when it is no JSON. */
function parseDefinition(source: string): unknown {
  try {
    return parseJsonc(source);
  } catch (cause) {
    const where = cause instanceof SyntaxError ? cause.message : "it cannot be read";
    throw new InvalidProviderDefinitionError("Cannot read the definition: it is not JSON", {
      issues: [{ path: "", message: where }],
      cause,
    });
  }
}

function issuesOf({ issues = [] }: AuthsomeError): readonly Issue[] {
  return issues;
}
