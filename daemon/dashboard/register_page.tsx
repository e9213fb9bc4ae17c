/**
 * Adds a provider's definition: what is wrong with it is told beside it, place by place.
 *
 * @module
 */
import type { Child } from "@hono/hono/jsx";
import { Form } from "./form.tsx";
import { Shell, type ShellProps } from "./shell.tsx";

/** One thing that is wrong with a definition. */
export interface Fault {
  /** Counted from 1; null where it is about none. */
  readonly line: number | null;
  /** Dotted; empty for the whole of it. */
  readonly path: string;
  readonly message: string;
}

/** What the page shows. */
export interface RegisterPageProps extends Pick<ShellProps, "session" | "notice"> {
  /** What was typed before. */
  readonly source: string;
  readonly allowPrivate: boolean;
  /** Why it was not taken; null before it was tried. */
  readonly problem: string | null;
  readonly faults: readonly Fault[];
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
  const { session, notice, source, allowPrivate, problem, faults, mayReplace } = props;
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
            <Source source={source} faults={faults} isWrong={isWrong} />
            {!isWrong ? null : (
              <div id="definition-problem" class="note problem" role="alert">
                <p>{problem}</p>
                {faults.length === 0 ? null : (
                  <ul class="issues">
                    {faults.map(({ line, path, message }) => (
                      <li>
                        {line === null ? null : <span class="line">Line {line}</span>}{" "}
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

const LEAST_ROWS = 16;
/** Of a longer text the field scrolls by itself, and numbers beside it would be wrong. */
const MOST_ROWS = 400;

/** The field; beside it the numbers of the lines, those with a fault marked. */
function Source({ source, faults, isWrong }: {
  source: string;
  faults: readonly Fault[];
  isWrong: boolean;
}): Child {
  const count = source.split("\n").length;
  const isNumbered = isWrong && count <= MOST_ROWS;
  const wrong = new Set(faults.map(({ line }) => line));
  return (
    <div class="source">
      {!isNumbered ? null : (
        <ol class="gutter" aria-hidden="true">
          {Array.from(
            { length: count },
            (_, i) => <li class={wrong.has(i + 1) ? "wrong" : ""}>{i + 1}</li>,
          )}
        </ol>
      )}
      <textarea
        id="definition"
        name="definition"
        rows={isNumbered ? Math.max(LEAST_ROWS, count + 1) : LEAST_ROWS}
        wrap="off"
        required
        spellcheck={false}
        aria-invalid={isWrong ? "true" : undefined}
        aria-describedby={isWrong ? "definition-problem definition-hint" : "definition-hint"}
      >
        {/* A browser takes one line break off the beginning: ours, not the person's. */ `\n${source}`}
      </textarea>
    </div>
  );
}
