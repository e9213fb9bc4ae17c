/**
 * Adds a provider's definition: what is wrong with it is told beside it, place by place.
 *
 * @module
 */
import type { Child } from "@hono/hono/jsx";
import type { Issue } from "../../core/errors.ts";
import { Form } from "./form.tsx";
import { Shell, type ShellProps } from "./shell.tsx";

/** What the page shows. */
export interface RegisterPageProps extends Pick<ShellProps, "session" | "notice"> {
  /** What was typed before. */
  readonly source: string;
  readonly allowPrivate: boolean;
  /** Why it was not taken; null before it was tried. */
  readonly problem: string | null;
  readonly issues: readonly Issue[];
  /** True where a definition of that name is there and may be replaced. */
  readonly mayReplace: boolean;
}

/** A definition to begin with. */
export const EXAMPLE = `{
  "name": "acme",
  "display_name": "Acme",
  "auth_type": "api_key",
  "hosts": ["api.acme.example"],
  "injection": { "type": "header", "name": "Authorization", "value": "Bearer {api_key}" },
  "fields": [{ "name": "api_key", "label": "API key", "secret": true }],
  "env": { "ACME_API_KEY": "api_key" }
}`;

/** The page. */
export function RegisterPage(props: RegisterPageProps): Child {
  const { session, notice, source, allowPrivate, problem, issues, mayReplace } = props;
  const isWrong = problem !== null;
  return (
    <Shell title="Add a provider" place="Connections" session={session} notice={notice ?? null}>
      <p class="crumb">
        <a href="/ui/connections">Connections</a>
      </p>
      <h1>Add a provider</h1>
      <section class="card">
        <Form session={session} action="/ui/register">
          <div class="field">
            <label for="definition">Definition</label>
            <span id="definition-hint" class="quiet">
              JSON: which hosts get the credential, and how. A credential of yours will be sent
              there; read a definition that somebody gave you.
            </span>
            <textarea
              id="definition"
              name="definition"
              rows={16}
              required
              spellcheck={false}
              aria-invalid={isWrong ? "true" : undefined}
              aria-describedby={isWrong ? "definition-problem definition-hint" : "definition-hint"}
            >
              {source}
            </textarea>
            {!isWrong ? null : (
              <div id="definition-problem" class="note problem" role="alert">
                <p>{problem}</p>
                {issues.length === 0 ? null : (
                  <ul class="issues">
                    {issues.map(({ path, message }) => (
                      <li>
                        {path === "" ? null : <code>{path}</code>} {message}
                      </li>
                    ))}
                  </ul>
                )}
              </div>
            )}
          </div>
          <label class="check">
            <input type="checkbox" name="allow_private" value="1" checked={allowPrivate} />{" "}
            Its hosts may be on this computer or a private network
          </label>
          {!mayReplace ? null : (
            <label class="check">
              <input type="checkbox" name="force" value="1" /> Replace the definition that is there
            </label>
          )}
          <div class="actions">
            <button type="submit">Add</button>
            <a class="button second" href="/ui/connections">Cancel</a>
          </div>
        </Form>
      </section>
    </Shell>
  );
}
