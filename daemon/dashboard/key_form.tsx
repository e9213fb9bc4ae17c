/**
 * The form of a login: what the provider needs, each value in its own field. A secret that was typed
 * is never put back into the page.
 *
 * @module
 */
import type { Child } from "@hono/hono/jsx";
import type { InputField } from "../../core/api.ts";
import type { LoginPage } from "../broker/login_pages.ts";
import { documentationAddress } from "./addresses.ts";
import { Layout } from "./layout.tsx";

/** What the form shows. */
export type KeyFormProps = LoginPage & { readonly type: "form" };

/** The page. */
export function KeyForm(page: KeyFormProps): Child {
  const required = page.fields.filter((field) => field.required || field.secret);
  const optional = page.fields.filter((field) => !required.includes(field));
  const docs = documentationAddress(page.docs_url ?? undefined);
  return (
    <Layout title={`Log in to ${page.provider}`}>
      {page.problem === null ? null : (
        <div class="note problem" role="alert">
          <p>{page.problem}</p>
        </div>
      )}
      {page.warnings.length === 0 ? null : <Warnings page={page} />}
      <p class="quiet">
        What you enter is kept encrypted on this computer, as the connection{" "}
        <code>{page.connection}</code>.
        {docs === null ? null : (
          <>
            {" "}
            <a href={docs} target="_blank" rel="noopener noreferrer">
              Where to find it
            </a>
          </>
        )}
      </p>
      {page.note === null ? null : (
        <div class="note">
          <p>{page.note}</p>
        </div>
      )}
      {page.redirect_uri === null ? null : (
        <div class="note">
          <p>Register this redirect URI with your OAuth app:</p>
          <p>
            <code class="copy">{breakable(page.redirect_uri)}</code>
          </p>
        </div>
      )}
      <form method="post" autocomplete="off">
        <input type="hidden" name="form_token" value={page.form_token} />
        {required.map((field) => (
          <Field key={field.name} field={field} typed={page.typed[field.name]} />
        ))}
        {optional.length === 0 ? null : (
          <details>
            <summary>Advanced</summary>
            {optional.map((field) => (
              <Field key={field.name} field={field} typed={page.typed[field.name]} />
            ))}
          </details>
        )}
        <button type="submit">Log in</button>
      </form>
    </Layout>
  );
}

/** What looked odd, and the way to have it used anyway: what was typed is kept until then. */
function Warnings({ page }: { page: KeyFormProps }): Child {
  return (
    <div class="note warning" role="alert">
      {page.warnings.map((warning) => <p key={warning}>{warning}</p>)}
      <p>Enter it again below, or:</p>
      <form method="post">
        <input type="hidden" name="form_token" value={page.form_token} />
        <button type="submit" name="use_anyway" value="1" class="second">Use it anyway</button>
      </form>
    </div>
  );
}

function Field({ field, typed }: { field: InputField; typed: string | undefined }): Child {
  const id = `field-${field.name}`;
  return (
    <div class="field">
      <label for={id}>
        {field.label}
        {field.required ? null : <span class="optional">(optional)</span>}
      </label>
      <input
        id={id}
        name={field.name}
        type={field.secret ? "password" : "text"}
        value={field.secret ? "" : typed ?? field.default ?? ""}
        required={field.required && field.default === undefined}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
      />
      {field.pattern_hint === undefined ? null : <span class="quiet">{field.pattern_hint}</span>}
    </div>
  );
}

/** A URL that a narrow screen breaks in front of a slash, and not inside a word. */
function breakable(url: string): Child {
  const [first, ...more] = url.split(/(?<=[^/])(?=\/[^/])/);
  return (
    <>
      {first}
      {more.map((part) => (
        <>
          <wbr />
          {part}
        </>
      ))}
    </>
  );
}
