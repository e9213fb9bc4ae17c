/**
 * Adding a provider's definition.
 *
 * @module
 */
import { Hono } from "@hono/hono";
import {
  AuthsomeError,
  InvalidProviderDefinitionError,
  ProviderExistsError,
} from "../../core/errors.ts";
import { findJsonFault, parseJsonc } from "../../core/jsonc.ts";
import { lineOf, linesOfJson } from "../../core/jsonc_lines.ts";
import type { Broker } from "../broker/broker.ts";
import { registerProvider } from "../broker/register_provider.ts";
import type { DashboardEnv } from "../middleware/dashboard_session.ts";
import { providerAddress } from "./addresses.ts";
import { good, goTo, showPage } from "./page_response.ts";
import { EXAMPLE, type Fault, RegisterPage } from "./register_page.tsx";

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
          faults={[]}
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
            faults={faultsOf(error, source)}
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
    throw new InvalidProviderDefinitionError("Cannot read the definition: it is not JSON", {
      cause,
    });
  }
}

/** What is wrong, each at the line of the text where it is, from top to bottom. */
function faultsOf({ issues, cause }: AuthsomeError, source: string): readonly Fault[] {
  if (cause instanceof SyntaxError) {
    const at = findJsonFault(source);
    const column = at === null ? "" : ` from column ${at.column} on`;
    return [{ line: at?.line ?? null, path: "", message: `is not JSON${column}` }];
  }
  const lines = linesOfJson(source);
  return (issues ?? [])
    .map(({ path, message }): Fault => ({ line: lineOf(lines, path), path, message }))
    .toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));
}
